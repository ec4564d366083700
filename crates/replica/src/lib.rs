//! One peer's machine: edit, ingest, merge, view.
