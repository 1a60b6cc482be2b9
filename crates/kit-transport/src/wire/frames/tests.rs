use super::*;

const GOODBYES: [u8; 8] = GOODBYE.to_be_bytes();

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

fn window_update(stream: u32, room: u32) -> Vec<u8> {
    frame(WINDOW_UPDATE, 0, stream, &room.to_be_bytes())
}

/// What comes out when the bytes come in parts of this size.
fn through(frames: &mut Frames, bytes: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut held = Vec::new();
    for part in bytes.chunks(size) {
        let mut read = [&held, part].concat();
        let hold = frames.read(&mut read);
        held = read.split_off(read.len() - hold);
        out.extend(read);
    }
    assert!(held.is_empty());
    out
}

#[test]
fn a_window_of_a_stream_that_came_after_the_goodbye_is_hidden_however_it_is_cut() {
    let before = [
        frame(HEADERS, 4, 1, b"some headers"),
        window_update(1, 5),
        frame(PING, 0, 0, &GOODBYES),
        frame(PING, ACK, 0, b"whatever"),
        // Not yet: it will be served.
        frame(HEADERS, 4, 3, b""),
        window_update(3, 5),
        frame(PING, ACK, 0, &GOODBYES),
        window_update(0, 5),
        window_update(1, 5),
        window_update(3, 5),
        frame(HEADERS, 4, 5, b"headers"),
    ]
    .concat();
    let late = window_update(5, 5);
    let after = frame(0, 1, 5, b"data");
    let hidden = frame(NOTHING, 0, 5, &[0, 0, 0, 5]);
    let bytes = [&before[..], &late, &after].concat();
    for size in 1..=bytes.len() {
        let mut frames = Frames::default();
        let out = through(&mut frames, &bytes, size);
        assert_eq!(out, [&before[..], &hidden, &after].concat(), "{size}");
        assert_eq!(frames.open(), 2, "the late one gets no answer");
    }
}

#[test]
fn nothing_is_held_back_before_the_goodbye() {
    let mut frames = Frames::default();
    for byte in [frame(HEADERS, 4, 1, b"headers"), window_update(1, 5)].concat() {
        assert_eq!(frames.read(&mut [byte]), 0);
    }
    assert_eq!(frames.open(), 1);
}

#[test]
fn a_response_is_open_until_its_end_is_written_however_it_is_cut() {
    let asked = [
        frame(HEADERS, 5, 1, b"ask"),
        frame(HEADERS, 4, 3, b"ask"),
        frame(DATA, 0, 3, b"a body"),
        frame(HEADERS, 5, 3, b"trailers"),
        frame(HEADERS, 5, 5, b"ask"),
        frame(HEADERS, 5, 7, b"ask"),
    ]
    .concat();
    let answers = [
        (frame(HEADERS, 4, 1, b"head"), 4),
        (frame(DATA, 0, 1, b"12345"), 4),
        (frame(DATA, END_STREAM, 1, b"678"), 3),
        (frame(HEADERS, 5, 3, b"all"), 2),
        (frame(RST_STREAM, 0, 5, b"why?"), 1),
        (frame(PING, ACK, 0, b"whatever"), 1),
    ];
    for size in 1..=asked.len() {
        let mut frames = Frames::default();
        through(&mut frames, &asked, size);
        assert_eq!(frames.open(), 4);
        for (answer, open) in &answers {
            answer.chunks(size).for_each(|part| frames.wrote(part));
            assert_eq!(frames.open(), *open, "{size}");
        }
        assert_eq!(frames.sent(), 8);
        through(&mut frames, &frame(RST_STREAM, 0, 7, b"why?"), size);
        assert_eq!(frames.open(), 0, "its client took it back");
    }
}

#[test]
fn room_that_is_made_for_what_was_sent_says_that_it_was_taken_in() {
    let mut frames = Frames::default();
    // It makes the window wider.
    frames.read(&mut window_update(0, 1 << 20));
    assert_eq!(frames.taken_in(), 0);
    frames.wrote(&frame(DATA, 0, 1, &[0; 1000]));
    frames.read(&mut window_update(1, 400));
    assert_eq!(frames.taken_in(), 0);
    frames.read(&mut window_update(0, 400));
    assert_eq!((frames.sent(), frames.taken_in()), (1000, 400));
    frames.read(&mut window_update(0, 1 << 20));
    assert_eq!(frames.taken_in(), 1000);
}
