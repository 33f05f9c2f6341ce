//! What must hold of the event-stream parser.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use hearth_wire::sse::{Event, Parser, TooLarge};
use proptest::prelude::*;

fn parse(bytes: &[u8]) -> Vec<Event> {
    Parser::new(1 << 20).push(bytes).unwrap()
}

fn event(event: Option<&str>, data: &str, id: Option<&str>) -> Event {
    Event { event: event.map(Into::into), data: data.into(), id: id.map(Into::into) }
}

#[test]
fn fields_comments_and_line_ends_are_read_as_the_standard_says() {
    let stream = "\u{feff}: hello\n\ndata: one\n\nevent: delta\r\nid: t:1\r\ndata:two\r\ndata:  lines\r\n\r\ndata\rfoo: bar\r\rid: 9\n\nevent: x\ndata: [DONE]\n\n";
    assert_eq!(
        parse(stream.as_bytes()),
        [
            event(None, "one", None),
            event(Some("delta"), "two\n lines", Some("t:1")),
            event(None, "", None),
            event(Some("x"), "[DONE]", None),
        ]
    );
}

#[test]
fn an_event_comes_out_with_its_last_byte() {
    let mut parser = Parser::new(100);
    assert_eq!(parser.push(b"data: x\r\n").unwrap(), []);
    assert_eq!(parser.push(b"\r").unwrap(), [Event::data("x")]);
    assert_eq!(parser.push(b"\ndata: y\n\n").unwrap(), [Event::data("y")]);
}

#[test]
fn an_unfinished_event_is_given_only_when_asked_for() {
    let mut parser = Parser::new(100);
    assert_eq!(parser.push(b"data: x").unwrap(), []);
    assert_eq!(parser.finish(), Some(Event::data("x")));
}

#[test]
fn one_event_cannot_eat_the_memory() {
    let refused = Err(TooLarge { limit: 16 });
    assert_eq!(Parser::new(16).push(&[b'x'; 17]), refused);
    assert_eq!(Parser::new(16).push(b"data: 012345\ndata: 01234567\ndata: 0").err(), refused.err());
    let mut parser = Parser::new(16);
    for _ in 0..1000 {
        assert_eq!(parser.push(b"data: 01234567\n\n").unwrap().len(), 1);
    }
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let line_end = prop_oneof![Just("\n"), Just("\r\n"), Just("\r")];
    let line = prop_oneof![
        "data: ?[a-zé🦀 :]{0,8}",
        "(event|id|retry|other): ?[a-z0-9é]{0,5}",
        ":[a-z ]{0,5}",
        Just(String::new()),
        Just("\u{feff}data: x".to_owned()),
    ];
    let text = proptest::collection::vec((line, line_end), 0..30)
        .prop_map(|lines| lines.into_iter().map(|(line, end)| line + end).collect::<String>().into_bytes());
    prop_oneof![4 => text, 1 => proptest::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #[test]
    fn any_split_of_the_bytes_gives_the_same_events(bytes in stream(), cuts in proptest::collection::vec(0usize..400, 0..12)) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
        cuts.sort_unstable();
        let mut parser = Parser::new(1 << 20);
        let mut events = Vec::new();
        for pair in cuts.windows(2) {
            events.extend(parser.push(&bytes[pair[0]..pair[1]]).unwrap());
        }
        prop_assert_eq!(&events, &parse(&bytes));

        let mut parser = Parser::new(1 << 20);
        let one_by_one: Vec<Event> = bytes.iter().flat_map(|byte| parser.push(&[*byte]).unwrap()).collect();
        prop_assert_eq!(&one_by_one, &events);
    }

    #[test]
    fn what_is_written_is_what_is_read(name in proptest::option::of("[a-z.]{1,10}"), data in "[^\r]{0,40}", id in proptest::option::of("[a-z0-9:-]{0,40}")) {
        let event = Event { event: name, data, id };
        prop_assert_eq!(parse(event.to_string().as_bytes()), [event]);
    }
}
