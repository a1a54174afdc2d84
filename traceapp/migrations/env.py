"""What Alembic runs: migrations on the connection that it was handed."""

from __future__ import annotations

from alembic import context

from traceapp.models.all import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    transactional_ddl=False,
)
context.run_migrations()
