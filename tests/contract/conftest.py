"""A market and a server that requires logins for each file: what any input does there, others shall not meet."""

from tests.access.fixtures import served

login_settings, services, api, someone = served("module")
