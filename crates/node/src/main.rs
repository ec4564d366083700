//! The `proofroom` program: see [`proofroom_node`].

use std::process::ExitCode;

fn main() -> ExitCode {
    proofroom_node::main()
}
