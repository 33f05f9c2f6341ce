//! One HTTP transport, and a typed client for each outside system.
