//! The native peer: command line, store, network.
mod codes;
mod console;
mod failure;
mod home;
mod identity;
mod incarnation;
mod lock;
mod report;
mod world;
/// x
pub fn main() -> std::process::ExitCode { std::process::ExitCode::SUCCESS }
