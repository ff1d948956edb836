//! What keeps pages of other sites out: host and origin, sessions, cross-site requests, rates.

use std::time::Duration;

use serde_json::{Value, json};

use super::setup::{everything, parts, quiet, token};
use crate::host::Host;
use crate::{Ask, delete, get, needs, post};

/// Without a token, only names of this machine are answered, so that no name can be bent to it.
pub async fn open_mode_answers_to_local_names_only(host: &dyn Host) {
    needs!(host, open_mode);
    quiet(host, "peakpro").await;
    let before = everything(host).await;
    for local in ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:1", "[::1]:8000", "[::1]"] {
        get("schedules").header("host", local).good(host).await;
    }
    for foreign in [
        "evil.example",
        "localhost.evil.example:8000",
        "127.0.0.1.nip.io",
        "10.0.0.1",
        "localhost.",
        "user@localhost",
        "localhost:80@evil.example",
    ] {
        for ask in [get("schedules"), post("pause").tenant("peakpro")] {
            let answer = ask.header("host", foreign).of(host).await;
            assert_eq!((answer.status, &answer.problem()["code"]), (421, &json!("wrong_host")), "{answer}");
        }
    }
    assert_eq!(everything(host).await, before);
}

/// Without a token, pages of other sites are refused.
pub async fn open_mode_refuses_pages_of_other_sites(host: &dyn Host) {
    needs!(host, open_mode);
    quiet(host, "peakpro").await;
    let before = everything(host).await;
    for local in ["http://localhost:8000", "http://127.0.0.1:5173", "http://[::1]"] {
        get("schedules").header("origin", local).good(host).await;
    }
    for foreign in
        ["null", "https://evil.example", "localhost", "http://localhost.evil.example", "http://10.0.0.1"]
    {
        for ask in [get("schedules"), post("pause").tenant("peakpro")] {
            let answer = ask.header("origin", foreign).of(host).await;
            assert_eq!((answer.status, &answer.problem()["code"]), (403, &json!("cross_site")), "{answer}");
        }
    }
    assert_eq!(everything(host).await, before);
}

/// Begins a session; gives the cookie as a browser sends it back, and all that was said of it.
async fn session(host: &dyn Host, secret: &str) -> (String, String) {
    let answer = post("/api/session").anonymous().json(json!({ "token": secret })).of(host).await;
    assert_eq!(answer.status, 200, "{answer}");
    assert!(!answer.holds(secret), "the token itself goes nowhere: {answer}");
    let set = answer.header("set-cookie").to_owned();
    let pair = set.split(';').next().expect("a cookie").to_owned();
    (pair, set)
}

/// A session is a cookie that scripts can not read, good for what its token is good for.
pub async fn a_session_is_as_good_as_its_token(host: &dyn Host) {
    quiet(host, "alpha").await;
    quiet(host, "beta").await;
    let all = token(host, host.admin(), "admin", json!("*")).await;
    let operator = token(host, Some(&all), "operator", json!(["alpha"])).await;

    let (cookie, set) = session(host, &operator).await;

    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(set.contains(part), "{part} in {set}");
    }
    assert!(set.starts_with("__Host-") == set.contains("Secure"), "{set}");
    let with = |ask: Ask| ask.anonymous().header("cookie", &cookie);
    let me = with(get("/api/whoami")).good(host).await;
    assert_eq!(
        (&me["role"], &me["tenants"], &me["auth"]),
        (&json!("operator"), &json!(["alpha"]), &json!("token"))
    );
    let names = with(get("schedule/status")).good(host).await;
    assert_eq!(names["schedules"].as_object().expect("a map").len(), 1);
    with(post("pause")).header("sec-fetch-site", "same-origin").good(host).await;

    let (rest, last) = cookie.split_at(cookie.len() - 1);
    let garbled = format!("{rest}{}", if last == "A" { "Q" } else { "A" });
    for bad in [garbled.as_str(), "alk=", "alk=x", "__Host-alk=x", "other=1"] {
        get("schedules").anonymous().header("cookie", bad).refused(host, 401, "unauthenticated").await;
    }
    let out = with(delete("/api/session")).header("sec-fetch-site", "same-origin").of(host).await;
    assert!(out.status == 200 && out.header("set-cookie").contains("Max-Age=0"), "{out}");

    let (id, _) = parts(&operator);
    delete(&format!("/api/tokens/{id}")).token(&all).good(host).await;
    with(get("/api/whoami")).refused(host, 401, "unauthenticated").await;
    for wrong in [json!({ "token": "alk_x" }), json!({ "token": operator })] {
        let refused = post("/api/session").anonymous().json(wrong).of(host).await;
        assert_eq!((refused.status, refused.header("set-cookie")), (401, ""), "{refused}");
    }
    let missing = post("/api/session").anonymous().json(json!({}));
    assert_eq!(missing.refused(host, 422, "field_invalid").await["field"], "token");
}

/// What a browser sends by itself is believed only from the own page.
pub async fn a_session_is_not_believed_from_other_sites(host: &dyn Host) {
    quiet(host, "alpha").await;
    let all = token(host, host.admin(), "admin", json!("*")).await;
    let (cookie, _) = session(host, &all).await;
    let with = |ask: Ask| ask.anonymous().header("cookie", &cookie).tenant("alpha");
    let before = with(get("schedule")).good(host).await;

    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://localhost")],
    ] {
        for ask in [post("pause"), delete("schedule"), post("bulk").json(json!({})), delete("/api/tokens/x")]
        {
            let answer = with(ask).with(headers).header("host", "localhost").of(host).await;
            assert_eq!(
                (answer.status, &answer.problem()["code"]),
                (403, &json!("cross_site")),
                "{headers:?} {answer}"
            );
        }
    }
    assert_eq!(with(get("schedule")).good(host).await, before);
    for headers in [
        &[("sec-fetch-site", "same-origin")][..],
        &[("sec-fetch-site", "none")],
        &[("origin", "http://localhost:8000")],
    ] {
        with(post("pause")).with(headers).header("host", "localhost:8000").good(host).await;
    }
    // A token in the header is never sent by a browser by itself.
    post("pause").tenant("alpha").token(&all).good(host).await;
    for ask in [post("/api/session").json(json!({ "token": all })), delete("/api/session")] {
        let ask = ask.anonymous().header("origin", "https://evil.example");
        ask.refused(host, 403, "cross_site").await;
    }
}

/// A session ends after its time, used or not.
pub async fn a_session_ends_after_its_time(host: &dyn Host) {
    needs!(host, simulated_time);
    let all = token(host, host.admin(), "admin", json!("*")).await;
    let (cookie, _) = session(host, &all).await;
    let who = get("/api/whoami").anonymous().header("cookie", &cookie);
    for _ in 0..11 {
        who.good(host).await;
        host.pass(Duration::from_secs(3600)).await;
    }
    who.good(host).await;
    host.pass(Duration::from_secs(3601)).await;
    who.refused(host, 401, "unauthenticated").await;
}

/// Sessions hold over a restart.
pub async fn a_session_holds_over_a_restart(host: &dyn Host) {
    needs!(host, durable);
    let all = token(host, host.admin(), "admin", json!("*")).await;
    let (cookie, _) = session(host, &all).await;
    host.restart().await;
    get("/api/whoami").anonymous().header("cookie", &cookie).good(host).await;
    get("/api/whoami").anonymous().refused(host, 401, "unauthenticated").await;
}

/// Whoever asks too often is told when to come back; others are not held up.
pub async fn too_many_requests_are_refused_for_a_while(host: &dyn Host) {
    needs!(host, one_process);
    needs!(host, simulated_time);
    quiet(host, "alpha").await;
    let all = token(host, host.admin(), "admin", json!("*")).await;
    let reader = token(host, Some(&all), "admin", json!(["alpha"])).await;
    for (ask, burst) in [(get("schedules"), 200), (post("pause").tenant("alpha"), 100)] {
        let ask = ask.token(&reader);
        // Requests take a little time, in which a little is allowed again.
        let first = until_refused(host, &ask).await;
        assert!((burst..burst + burst / 5).contains(&first), "{first} of {burst}");
        get("schedules").token(&all).good(host).await;
        host.pass(Duration::from_secs(1)).await;
        let second = until_refused(host, &ask).await;
        assert!((burst / 2..burst / 2 + burst / 5).contains(&second), "{second} of {}", burst / 2);
        host.pass(Duration::from_secs(2)).await;
    }
}

/// How often a request goes through until it is refused for a while.
async fn until_refused(host: &dyn Host, ask: &Ask) -> usize {
    for count in 0..1000 {
        let answer = ask.of(host).await;
        if answer.status == 429 {
            assert_eq!(answer.problem()["code"], "too_many_requests", "{answer}");
            assert_eq!(answer.header("retry-after"), "1");
            return count;
        }
        assert_eq!(answer.status, 200, "{answer}");
    }
    panic!("never refused")
}

/// Whoever guesses tokens is slowed down, all guessers together.
pub async fn guessing_tokens_is_slowed_down(host: &dyn Host) {
    needs!(host, one_process);
    needs!(host, simulated_time);
    let all = token(host, host.admin(), "admin", json!("*")).await;
    let guess = format!("alk_0000000000000000_{}", "A".repeat(43));
    let mut statuses = Vec::new();
    for _ in 0..130 {
        statuses.push(get("schedules").token(&guess).of(host).await.status);
    }
    assert!(statuses[..120].iter().all(|status| *status == 401), "{statuses:?}");
    assert!(statuses[120..].iter().all(|status| *status == 429), "{statuses:?}");
    get("schedules").token(&all).good(host).await;
}

/// Open mode knows no such limit.
pub async fn open_mode_has_no_rate_limit(host: &dyn Host) {
    needs!(host, open_mode);
    for _ in 0..400 {
        assert_eq!(get("/api/whoami").of(host).await.status, 200);
    }
    let list = get("schedules").good(host).await;
    assert_eq!(list["schedules"], Value::Array(Vec::new()));
}
