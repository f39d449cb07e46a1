"""The application for those who bring a server of their own: `uvicorn --factory backend.main:application`."""

from fastapi import FastAPI

from backend import logs
from backend.app import create_app
from backend.settings import Settings


def application() -> FastAPI:
    """The service, with the settings of the environment and `.env`."""
    settings = Settings()
    logs.configure(settings.log_format, settings.log_level)
    return create_app(settings)
