//! The engine as a whole: facts in, outcomes, due times and reminders out.

mod calendars;
mod deadlines;
mod decisions;
mod histories;
mod model;
mod properties;
mod quarter;
mod routes;
mod versions;
mod world;
