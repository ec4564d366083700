//! Automerge documents: record, vet, merge, view.
