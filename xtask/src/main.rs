//! `cargo xtask up | test | soak | web | lint`: everything that a person or a machine runs
//! on this repository. One profile, one target directory.

mod lint;
mod run;
mod sim;
mod soak;
mod test;
mod tools;
mod up;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Build, test and run Proofroom")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build, start a relay on loopback, make an identity and a workspace, print an invite link
    Up(up::Up),
    /// Install what the tests need, build, run every test, print the count
    Test(test::Test),
    /// Build the review app into web/dist, which the relay serves
    Web,
    /// The long tests at full size: minutes and gigabytes
    Soak(soak::Soak),
    /// Worlds of peers, relays, links and disks from seeds or scenario files
    Sim(sim::Sim),
    /// Formatting, clippy, licences and advisories, and the browser build of the pure crates
    Lint,
}

fn main() -> ExitCode {
    let done = match Args::parse().task {
        Task::Up(up) => up.run(),
        Task::Test(test) => test.run(),
        Task::Web => web::build(),
        Task::Sim(sim) => sim.run(),
        Task::Soak(soak) => soak.run(),
        Task::Lint => lint::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("xtask: {what}");
            ExitCode::FAILURE
        }
    }
}
