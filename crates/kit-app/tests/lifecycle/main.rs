//! The life of an app on a paused clock, with recording fakes.

mod awaited_jobs;
mod deadlines;
mod deaf;
mod drain;
mod events;
mod every;
mod failures;
mod fakes;
mod groups;
mod health;
mod held_work;
mod intake;
mod jobs;
mod last_steps;
mod latches;
mod places;
mod refused;
mod registration;
mod reload;
mod report;
mod resources;
mod sequence;
mod signals;
mod silence;
mod status;
mod workers;
