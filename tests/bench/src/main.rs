//! `make bench`: every row of the table at the end of the design, measured on this machine.
//!
//! Each row runs in a process of its own, so that memory and CPU are its own.

#![expect(clippy::print_stdout, reason = "the table is what it is for")]

mod http;
mod measure;
mod scheduler;
mod world;

use std::process::{Command, ExitCode};

use measure::Row;

type Measure = fn(&str) -> Row;

const ROWS: &[(&str, &[&str], Measure)] = &[
    ("burst", &["memory", "sqlite"], scheduler::burst),
    ("steady", &["memory", "sqlite"], scheduler::steady),
    ("idle", &["memory", "sqlite"], scheduler::idle),
    ("neighbours", &["memory", "sqlite"], scheduler::neighbours),
    ("tick", &["memory", "sqlite"], scheduler::tick),
    ("status", &["memory", "sqlite"], http::status),
    ("pause", &["memory", "sqlite"], http::pause),
    ("metrics", &["memory", "sqlite"], scheduler::metrics),
    ("restart", &["sqlite"], scheduler::restart),
];

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if let [marker, row, store] = &arguments[..]
        && marker == "row"
    {
        return one(row, store);
    }
    println!("{:<44} {:<7} {:<62} goal", "measure", "store", "measured");
    let mut failed = 0;
    for (row, stores, _) in ROWS {
        if arguments.first().is_some_and(|only| only != row) {
            continue;
        }
        for store in *stores {
            let program = std::env::current_exe().expect("the bench knows where it is");
            let child = Command::new(program).args(["row", row, store]).status();
            failed += u32::from(!child.is_ok_and(|status| status.success()));
        }
    }
    ExitCode::from(u8::from(failed > 0))
}

fn one(name: &str, store: &str) -> ExitCode {
    let Some((_, _, measure)) = ROWS.iter().find(|(row, _, _)| *row == name) else {
        eprintln!("there is no row {name}");
        return ExitCode::FAILURE;
    };
    let row = measure(store);
    println!("{:<44} {store:<7} {:<62} {}", row.what, row.measured, row.goal);
    ExitCode::SUCCESS
}
