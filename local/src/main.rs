//! `hearth`: the program that `./hearth` hands over to.

use std::process::ExitCode;

fn main() -> ExitCode {
    hearth_local::cli::main()
}
