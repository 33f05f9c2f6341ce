use super::*;
use proptest::prelude::*;

/// An idle model of a file of its own.
fn model(file: usize, weights: u64, used: u64) -> Held {
    Held { file, weights, own: 0, pinned: false, busy: false, leaving: false, used }
}

#[test]
fn what_fits_drives_nobody_out() {
    assert_eq!(make_room(100, model(0, 100, 0), &[]), Verdict::Fits);
    assert_eq!(make_room(100, model(0, 40, 0), &[model(1, 60, 0)]), Verdict::Fits);
}

#[test]
fn the_least_recently_used_go_first_and_no_more_than_needed() {
    let held = [model(1, 30, 3), model(2, 30, 1), model(3, 30, 2)];
    assert_eq!(make_room(100, model(0, 40, 9), &held), Verdict::Unload(vec![1]));
    assert_eq!(make_room(100, model(0, 70, 9), &held), Verdict::Unload(vec![1, 2]));
}

#[test]
fn the_pinned_stay_and_the_busy_are_waited_for() {
    let pinned = Held { pinned: true, ..model(1, 50, 0) };
    let busy = Held { busy: true, ..model(2, 40, 0) };
    assert_eq!(make_room(100, model(0, 30, 9), &[pinned, busy]), Verdict::Wait);
    assert_eq!(make_room(100, model(0, 60, 9), &[pinned, busy]), Verdict::Never { pinned: 50 });
    assert_eq!(make_room(100, model(0, 101, 9), &[]), Verdict::Never { pinned: 0 });
}

#[test]
fn nobody_goes_for_room_that_is_coming_anyway() {
    let leaving = Held { leaving: true, ..model(1, 50, 0) };
    assert_eq!(make_room(100, model(0, 60, 9), &[leaving, model(2, 40, 5)]), Verdict::Wait);
}

#[test]
fn an_adapter_brings_no_second_copy_of_the_weights() {
    let base = Held { own: 5, ..model(1, 80, 0) };
    let adapter = Held { own: 15, ..model(1, 80, 9) };
    assert_eq!(make_room(100, adapter, &[base]), Verdict::Fits);
    assert_eq!(make_room(99, adapter, &[base]), Verdict::Unload(vec![0]), "alone it has 95");
}

fn any_model() -> impl Strategy<Value = Held> {
    (0usize..4, 0u64..50, any::<[bool; 3]>(), 0u64..9).prop_map(
        |(file, own, [pinned, busy, leaving], used)| {
            // The same file always has the same weights.
            Held { file, weights: 10 * (file as u64 + 1), own, pinned, busy, leaving, used }
        },
    )
}

proptest! {
    /// Whoever keeps asking, while those who leave are gone in the end and the busy become idle, gets room or a refusal; and
    /// nobody goes who is pinned, busy or leaving.
    #[test]
    fn asking_again_ends(limit in 0u64..200, wanted in any_model(), mut held in prop::collection::vec(any_model(), 0..6)) {
        let mut ended = false;
        for _ in 0..=held.len() * 2 + 1 {
            match make_room(limit, wanted, &held) {
                Verdict::Fits => {
                    prop_assert!(total(&[&held[..], &[wanted]].concat()) <= limit);
                    ended = true;
                }
                Verdict::Never { pinned } => {
                    prop_assert_eq!(pinned, total(&held.iter().filter(|one| one.pinned && !one.leaving).copied().collect::<Vec<_>>()));
                    ended = true;
                }
                Verdict::Wait => {
                    prop_assert!(held.iter().any(|one| one.leaving || (one.busy && !one.pinned)));
                    held.retain(|one| !one.leaving);
                    for one in &mut held {
                        one.busy = false;
                    }
                }
                Verdict::Unload(going) => {
                    prop_assert!(!going.is_empty());
                    for at in going {
                        let one = &mut held[at];
                        prop_assert!(!one.pinned && !one.busy && !one.leaving);
                        one.leaving = true;
                    }
                }
            }
            if ended {
                break;
            }
        }
        prop_assert!(ended);
    }
}
