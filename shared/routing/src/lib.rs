//! Which model answers a turn: a pure decision.
