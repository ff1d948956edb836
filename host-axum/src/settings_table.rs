//! The settings as a table for the documentation, from the same description that the command line shows.

use clap::{Arg, Command, CommandFactory};

use crate::config::Cli;

/// The settings of the server and of the client commands, in Markdown.
pub fn markdown() -> String {
    let cli = Cli::command();
    let mut page = String::new();
    for (title, name) in [("Server", "serve"), ("Client commands", "status")] {
        if let Some(command) = cli.find_subcommand(name) {
            page += &format!("## {title}\n\n| flag | variable | default | meaning |\n|---|---|---|---|\n");
            page.extend(rows(command));
            page += "\n";
        }
    }
    page.truncate(page.trim_end().len());
    page + "\n"
}

fn rows(command: &Command) -> impl Iterator<Item = String> {
    command.get_arguments().filter(|arg| arg.get_env().is_some()).map(row)
}

fn row(arg: &Arg) -> String {
    let flag = arg.get_long().unwrap_or_default();
    let value = match arg.get_value_names() {
        Some([name, ..]) if arg.get_action().takes_values() => format!(" {name}"),
        _ => String::new(),
    };
    let variable = arg.get_env().unwrap_or_default().to_string_lossy();
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let (meaning, noted) = match help.strip_suffix(']').and_then(|help| help.split_once(" [default: ")) {
        Some((meaning, default)) => (meaning, Some(default.to_owned())),
        None => (help.as_str(), None),
    };
    let default = match arg.get_default_values() {
        _ if !arg.get_action().takes_values() => "off".to_owned(),
        [] => noted.map_or_else(|| "none".into(), |noted| as_code(&noted)),
        [value, ..] => format!("`{}`", value.to_string_lossy()),
    };
    format!("| `--{flag}{value}` | `{variable}` | {default} | {meaning} |\n")
}

/// The text with its first part, which may look like a tag, as code.
fn as_code(text: &str) -> String {
    match text.split_once(", ") {
        _ if !text.contains('<') => text.to_owned(),
        Some((code, rest)) => format!("`{code}`, {rest}"),
        None => format!("`{text}`"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_the_server_is_an_environment_variable_too() {
        let cli = Cli::command();
        let serve = cli.find_subcommand("serve").unwrap();
        for arg in serve.get_arguments().filter(|arg| arg.get_id() != "help") {
            let name = arg.get_env().unwrap_or_default().to_string_lossy();
            let named = name.starts_with("COMMAND_CENTER_") || name == "ACCULYNX_BASE_URL";
            assert!(named, "--{} has no variable", arg.get_long().unwrap_or_default());
            assert!(arg.get_help().is_some(), "{name} is not explained");
        }
    }

    #[test]
    fn the_table_in_the_documentation_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
        let Ok(page) = std::fs::read_to_string(path) else { return };

        assert!(page.contains(&markdown()), "renew it with `command-center help-table`:\n{}", markdown());
    }

    #[test]
    fn a_row_says_flag_variable_default_and_meaning() {
        let page = markdown();
        for row in [
            "| `--listen ADDRESS` | `COMMAND_CENTER_LISTEN` | `127.0.0.1:8000` | Address to listen on; without an access token it must be a loopback address |",
            "| `--demo` | `COMMAND_CENTER_DEMO` | off |",
            "| `--store STORE` | `COMMAND_CENTER_STORE` | `sqlite:<data-dir>/command-center.db` |",
        ] {
            assert!(page.contains(row), "{row} is not in\n{page}");
        }
    }
}
