"""How alembic reaches the database: one connection, handed over by `services.db.migrate`."""

from alembic import context

from services.db.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
