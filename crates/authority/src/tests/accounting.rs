//! What an evaluation costs, counted rather than timed.
