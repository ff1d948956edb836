use super::*;

#[test]
fn a_jobs_page_asks_for_everything_that_is_needed() {
    let window = Window { from: day("2026-03-01"), to: day("2026-03-03") };

    let call = jobs(Population::Dead, window, 20);

    assert_eq!(
        call.target,
        "/jobs?dateFilterType=ModifiedDate&startDate=2026-03-01&endDate=2026-03-03&sortBy=CreatedDate\
         &sortOrder=Ascending&pageSize=25&pageStartIndex=20&assignment=unassigned&milestones=dead&includes=contact"
    );
    assert!(!jobs(Population::Assigned, window, 0).target.contains("assignment"));
    assert!(!call.target.contains("recordStartIndex"));
}

#[test]
fn a_window_reaches_a_day_past_both_ends() {
    let now = Timestamp::parse("2026-03-10T23:59:59Z").unwrap();

    assert_eq!(
        Window::since(Timestamp::parse("2026-03-09T00:00:00Z"), now),
        window("2026-03-08", "2026-03-11")
    );
    assert_eq!(Window::since(None, now), window("2000-01-01", "2026-03-11"));
    assert_eq!(Window::since(Some(Timestamp::MIN), now).from, day("2000-01-01"));
}

#[test]
fn halves_cover_a_window_without_a_gap() {
    assert_eq!(
        window("2026-03-01", "2026-03-04").halves(),
        Some((window("2026-03-01", "2026-03-02"), window("2026-03-03", "2026-03-04")))
    );
    assert_eq!(
        window("2026-03-01", "2026-03-02").halves(),
        Some((window("2026-03-01", "2026-03-01"), window("2026-03-02", "2026-03-02")))
    );
    assert_eq!(window("2026-03-01", "2026-03-01").halves(), None);
}

#[test]
fn a_list_comes_in_three_shapes() {
    let envelope = br#"{"count":163,"pageSize":25,"pageStartIndex":50,"items":[{"id":"a"},{"id":2}]}"#;
    let page = read_page(envelope).unwrap();
    assert_eq!((page.count, page.echo, ids(&page)), (Some(163), Some(50), vec!["a", "2"]));

    assert_eq!(ids(&read_page(br#" [{"id":"a"}] "#).unwrap()), ["a"]);
    assert_eq!(ids(&read_page(br#"{"unitsOfMeasure":[{"id":"a"}],"count":1}"#).unwrap()), ["a"]);
    assert_eq!(read_page(br#"{"items":[]}"#).unwrap().entries.len(), 0);
    assert_eq!(read_page(br#"{"count":3.0,"items":[]}"#).unwrap().count, Some(3));
}

#[test]
fn an_answer_that_is_no_list_is_never_an_empty_one() {
    let cases: [(&[u8], Unreadable); 9] = [
        (b"", Unreadable::Empty),
        (b"  \n", Unreadable::Empty),
        (b"<!doctype html><p>busy", Unreadable::Html),
        (br#"{"count":1,"items":[{"id":"a"#, Unreadable::Broken),
        (b"\xff\xfe", Unreadable::Broken),
        (br#"{"count":0}"#, Unreadable::NoList),
        (br#"{"a":[],"b":[]}"#, Unreadable::NoList),
        (br#"{"items":null}"#, Unreadable::NoList),
        (b"null", Unreadable::NoList),
    ];
    for (body, expected) in cases {
        assert_eq!(read_page(body).map(|_| ()), Err(expected), "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn an_unreadable_record_does_not_hide_its_neighbours() {
    let page = read_page(br#"{"items":[{"id":"a"},{"name":"no id"},null,7,{"id":"b"}]}"#).unwrap();

    assert_eq!(page.entries.len(), 5);
    assert_eq!(ids(&page), ["a", "b"]);
}

#[test]
fn a_record_is_kept_as_it_came() {
    let entry = read_record(br#"{"id":"a", "somethingNew": 1.50}"#).unwrap();

    assert_eq!(entry.raw.get(), r#"{"id":"a", "somethingNew": 1.50}"#);
    assert!(read_record(b"[1]").is_err());
}

#[test]
fn only_title_and_detail_of_an_error_are_repeated() {
    let problem =
        br#"{"type":"x","title":"Unauthorized","status":401,"detail":"Key is off","customer":"Rosa"}"#;
    assert_eq!(complaint(problem).as_deref(), Some("Unauthorized: Key is off"));
    assert_eq!(complaint(b"<html>Rosa</html>").as_deref(), Some("answered with HTML"));
    assert_eq!(complaint(b"Rosa Quill, 12 Elm Row"), None);
    assert_eq!(complaint(b""), None);
    let long = format!(r#"{{"title":"{}"}}"#, "x".repeat(900));
    assert_eq!(complaint(long.as_bytes()).unwrap().len(), 200);
}

#[test]
fn a_company_is_known_by_its_name_or_either_id() {
    assert_eq!(company_name(br#"{"id":"c1","name":"Peak Roofing"}"#).unwrap(), "Peak Roofing");
    assert_eq!(company_name(br#"{"companyId":"c2"}"#).unwrap(), "c2");
    assert!(company_name(b"<html>").is_err());
}

#[test]
fn an_id_can_not_leave_its_segment() {
    assert_eq!(Call::leaf("/jobs/{id}/financials", "../x?y").target, "/jobs/%2E%2E%2Fx%3Fy/financials");
}

fn ids(page: &Page) -> Vec<&str> {
    page.entries.iter().filter_map(|entry| entry.id.as_deref()).collect()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn window(from: &str, to: &str) -> Window {
    Window { from: day(from), to: day(to) }
}
