//! `command-center`: reads the command line, and does what it says.

use std::process::ExitCode;

use clap::Parser;
use host_axum::config::{Cli, Command};
use host_axum::{Failure, client, settings_table, wire};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("command-center: {failure}");
            failure.code()
        }
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Serve(settings) => wire::serve(*settings).await,
        Command::Check(settings) => wire::check(*settings).await,
        Command::Token(command) => wire::token(command).await,
        Command::Backup(command) => wire::backup(command).await,
        Command::Migrate(command) => wire::migrate(command).await,
        Command::Schedule(command) => client::schedule(command).await,
        Command::Status(command) => client::status(command).await,
        Command::Pause(command) => client::pause(command).await,
        Command::Resume(command) => client::resume(command).await,
        Command::RunNow(command) => client::run_now(command).await,
        Command::Cancel(command) => client::cancel(command).await,
        Command::Delete(command) => client::delete(command).await,
        Command::Audit(command) => client::audit(command).await,
        Command::Runs(command) => client::runs(command).await,
        Command::HelpTable => client::show(settings_table::markdown().trim_end()),
    }
}
