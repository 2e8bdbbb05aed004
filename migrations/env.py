"""Runs the migrations on the connection that `app.store.migrate` opened."""

from alembic import context

from app.store.tables import is_ours, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_name=is_ours,
)
with context.begin_transaction():
    context.run_migrations()
