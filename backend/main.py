"""The application for those who bring a server of their own: `uvicorn --factory backend.main:application`."""

from fastapi import FastAPI

from backend.app import create_app
from backend.settings import Settings


def application() -> FastAPI:
    """The service, with the settings of the environment and `.env`."""
    return create_app(Settings())
