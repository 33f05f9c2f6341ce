//! The axum Router that every host serves.
