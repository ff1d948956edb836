//! The binary as an operator starts it.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::thread::JoinHandle;

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
fn the_demonstration_names_its_tenants_and_stops_in_time() {
    let dir = tempfile::tempdir().unwrap();
    let data = format!("--data-dir={}", dir.path().display());
    let mut server = Server::start(&["--demo", "--listen=127.0.0.1:0", "--drain-sec=1", &data]);

    assert!(server.said.contains("peakpro-roofing"), "{}", server.said);
    assert!(Command::new("kill").arg(server.child.id().to_string()).status().unwrap().success());
    assert!(server.child.wait().unwrap().success());
}

#[test]
fn a_store_is_copied_to_another_kind_and_served_from_there() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let data = format!("--data-dir={}", at("data"));
    let sqlite = format!("sqlite:{}/command-center.db", at("data"));
    let files = format!("files:{}", at("files"));
    let secret = good(&["token", "create", "--role=admin", &data]);
    let id = secret.split('_').nth(1).unwrap();

    assert!(good(&["migrate", "--from", &sqlite, "--to", &files]).contains("1 audit entries"));

    assert!(good(&["token", "list", &data, "--store", &files]).contains(id));
    let again = run(&["migrate", "--from", &sqlite, "--to", &files]);
    assert_eq!(again.status.code(), Some(78), "{}", String::from_utf8_lossy(&again.stderr));
    let nowhere = run(&["migrate", "--from", &format!("files:{}", at("nowhere")), "--to", &files]);
    assert_eq!(nowhere.status.code(), Some(78), "{}", String::from_utf8_lossy(&nowhere.stderr));
    let server = Server::start(&["--listen=127.0.0.1:0", &data, "--store", &files]);
    assert!(server.said.contains("mode=\"token\""), "{}", server.said);
    good(&["migrate", "--from", &files, "--to", &format!("sqlite:{}", at("back.db"))]);
}

#[test]
fn tokens_and_copies_are_made_beside_a_running_server_and_a_killed_one_starts_again() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let data = format!("--data-dir={}", at("data"));
    let mut server = Server::start(&["--listen=127.0.0.1:0", &data]);

    let secret = good(&["token", "create", "--role=admin", &data]);
    assert!(secret.starts_with("alk_") && secret.lines().count() == 1, "{secret}");
    let id = secret.split('_').nth(1).unwrap();
    assert!(good(&["token", "list", &data]).contains(id));
    good(&["backup", &data, &at("copy.db")]);
    assert!(good(&["check", &format!("--store=sqlite:{}", at("copy.db"))]).contains("1 audit entries"));
    assert_eq!(run(&["serve", "--listen=127.0.0.1:0", &data]).status.code(), Some(1), "the store is locked");

    server.child.kill().unwrap();
    server.child.wait().unwrap();
    let server = Server::start(&["--listen=0.0.0.0:0", &data]);
    assert!(server.said.contains("mode=\"token\""), "{}", server.said);
    drop(server);

    good(&["token", "revoke", &data, id]);
    let output = run(&["serve", "--listen=0.0.0.0:0", &data]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{text}");
    assert!(text.contains("command-center token create --role admin"), "{text}");
}

#[test]
fn a_lost_store_is_not_made_again_unasked() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("master.key"), "ab".repeat(32)).unwrap();
    let data = format!("--data-dir={}", dir.path().display());

    let output = run(&["serve", "--listen=127.0.0.1:0", &data]);

    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{text}");
    assert!(text.contains("--init"), "{text}");
    Server::start(&["--listen=127.0.0.1:0", "--init", &data]);
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

#[test]
fn a_verb_sends_what_it_was_told_and_prints_what_came_of_it() {
    let paused = r#"{"ok":true,"tenant":"peakpro","paused":true,"changed":false}"#;
    let status = r#"{"ok":true,"schedules":{"peakpro":{"state":"ok","interval_sec":300,"next_run_in_sec":41.5}},"next_cursor":null}"#;
    let refused = r#"{"ok":false,"detail":"a run is already in flight","code":"already_running"}"#;
    for (args, sent, code, answer, said) in [
        (
            &["pause", "--tenant=peakpro", "--reason=storm", "--token=alk_x"][..],
            &[
                "POST /api/crm/import/acculynx/pause ",
                "x-tenant: peakpro",
                "authorization: Bearer alk_x",
                "storm",
            ][..],
            0,
            ("200 OK", paused),
            "peakpro: paused already\n",
        ),
        (
            &["status", "--tenant=peakpro"],
            &["GET /api/crm/import/acculynx/schedule/status?tenant=peakpro "],
            0,
            ("200 OK", status),
            "peakpro  ok     300s   42s",
        ),
        (
            &["run-now", "--tenant=peakpro"],
            &["POST /api/crm/import/acculynx/run-now ", r#"{"wait_sec":10}"#],
            1,
            ("409 Conflict", refused),
            "command-center: a run is already in flight\n",
        ),
        (
            &["delete", "--tenant=peakpro", "--source=other"],
            &["DELETE /api/crm/import/other/schedule "],
            0,
            ("200 OK", r#"{"ok":true,"message":"Schedule deleted"}"#),
            "peakpro: Schedule deleted\n",
        ),
    ] {
        let (url, heard) = answer_once(answer.0, answer.1);

        let output = run(&[args, &["--url", &url]].concat());

        let heard = heard.join().unwrap();
        assert!(heard.contains("x-client: cli"), "{heard}");
        for part in sent {
            assert!(heard.contains(part), "{part} is not in {heard}");
        }
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(text.contains(said), "{text}");
    }
}

/// A server for one request: its address, and what it heard.
fn answer_once(status: &str, body: &str) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let heard = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut heard = String::new();
        let mut buffer = [0; 4096];
        loop {
            let count = socket.read(&mut buffer).unwrap();
            heard += &String::from_utf8_lossy(&buffer[..count]);
            let Some((head, body)) = heard.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                break;
            }
        }
        socket.write_all(answer.as_bytes()).unwrap();
        heard
    });
    (url, heard)
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

/// What a command that succeeds prints.
fn good(args: &[&str]) -> String {
    let output = run(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
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
