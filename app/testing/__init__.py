"""What filter authors test with; needs nothing but Penstock itself.

from app.testing import conformance

async def test_conforms() -> None:
    await conformance.check_filter(Shouting(ShoutingOptions()))
"""
