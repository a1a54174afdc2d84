"""What Alembic runs: migrations on the connection that it was handed."""

from __future__ import annotations

from alembic import context

from traceapp.models.all import is_ours, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    include_name=is_ours,
    transactional_ddl=False,
)
context.run_migrations()
