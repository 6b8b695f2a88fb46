"""How alembic runs the migrations: on the connection, and inside the transaction, that `database` gives it."""

from alembic import context

from atomic_verify.storage import dispute_tables

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=dispute_tables.answers.metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
# No begin_transaction: the caller's transaction holds the whole migration.
context.run_migrations()
