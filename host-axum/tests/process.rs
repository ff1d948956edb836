//! The binary as an operator starts it.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

#[test]
fn it_says_where_it_is_answers_and_stops_when_told() {
    let mut server = Server::start(&["--store=memory", "--listen=127.0.0.1:0"]);
    assert!(server.said.contains("store=memory") && server.said.contains("open"), "{}", server.said);

    assert!(server.ask("GET /ops/ping").starts_with("HTTP/1.1 200"));
    assert!(server.ask("GET /").contains("<!doctype html>"));

    assert!(Command::new("kill").arg(server.child.id().to_string()).status().unwrap().success());
    assert!(server.child.wait().unwrap().success());
}

#[test]
fn a_store_in_memory_that_others_can_reach_is_given_a_token() {
    let server = Server::start(&["--store=memory", "--listen=0.0.0.0:0"]);

    assert!(server.said.contains("alk_") && server.said.contains("mode=\"token\""), "{}", server.said);
}

#[test]
fn settings_that_can_not_hold_end_it_with_78_and_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("keys.json"), "{").unwrap();
    let keys = format!("--connections={}", dir.path().join("keys.json").display());
    for (flags, said) in [
        (["--store=memory", &keys], "keys.json: is not JSON"),
        (["--store=memory", "--log-level=a=b=c"], "--log-level"),
        (["--store=memory", "--listen=192.0.2.1:1"], "--listen 192.0.2.1:1"),
    ] {
        let output = run(&[&["serve"], &flags[..]].concat());

        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(78), "{text}");
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn a_verb_without_a_server_fails_with_1_and_says_why() {
    let output = run(&["pause", "--tenant=peakpro", "--url=http://127.0.0.1:9"]);

    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("can not reach the server"), "{text}");
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_command-center"));
    command.args(args).env("NO_COLOR", "1");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("COMMAND_CENTER_")) {
        command.env_remove(name);
    }
    command
}

fn run(args: &[&str]) -> Output {
    command(args).output().unwrap()
}

struct Server {
    child: Child,
    said: String,
    address: String,
}

impl Server {
    fn start(flags: &[&str]) -> Self {
        let mut child = command(&[&["serve"], flags].concat()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut said = String::new();
        let address = loop {
            let line = lines.next().unwrap_or_else(|| panic!("it ended after:\n{said}"));
            said += &(line.clone() + "\n");
            if let Some((_, rest)) = line.split_once("ready at http://") {
                break rest.split_whitespace().next().unwrap().to_owned();
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, said, address }
    }

    fn ask(&self, what: &str) -> String {
        let mut socket = TcpStream::connect(&self.address).unwrap();
        let request = format!("{what} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
