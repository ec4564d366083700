//! A world for tests: one seed makes the peers, the relays, the links, the disks,
//! what people do and what goes wrong; the machines in it are those of the product.
//!
//! ```text
//! seed --generate--> scenario --run--> world --check--> report
//!                       ^                 |
//!                       `---- shrink <----'   where a rule broke
//! ```
//!
//! Nothing here reads a clock or draws a number of its own: the same scenario gives
//! the same [`Report::trace`] on every machine. Safety is checked whenever something
//! was sent, stored or done; liveness when all is healed at the end. A scenario is a
//! text that people read and write: see [`scenario`].

mod act;
mod cast;
mod conn;
mod dice;
mod disk;
mod finale;
pub mod forger;
mod generate;
mod machine;
mod mallory;
mod mutate;
mod people;
mod report;
mod rules;
pub mod scenario;
mod shrink;
mod station;
pub mod targets;
pub mod vetting;
mod world;

pub use act::{Act, Span};
pub use cast::name;
pub use dice::Dice;
pub use disk::{Disk, Fault};
pub use generate::generate;
pub use mutate::{mutate_bytes, repair_chunk};
pub use report::{Broken, Report};
pub use scenario::{Net, Scenario, ScenarioError, Timed};
pub use shrink::shrink;

/// Runs a scenario; a panic anywhere in it is a broken rule like any other.
pub fn run(scenario: &Scenario) -> Report {
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world::World::new(scenario).play()));
    done.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        Report::panicked(text.unwrap_or_else(|| "a panic without words".into()))
    })
}

/// The name of a file of a corpus: the hash of what is in it.
pub fn hash_hex(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
