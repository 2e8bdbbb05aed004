"""The review pages: what was asked, what was answered, and what the filters found."""

from app.review.pages import install_review

__all__ = ["install_review"]
