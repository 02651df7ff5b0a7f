"""One market and one server that requires logins for all tests of this folder; people are made by each test."""

from tests.access.fixtures import served

login_settings, services, api, someone = served("package")
