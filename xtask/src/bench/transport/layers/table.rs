//! The table of what stacks cost.

use super::stacks::Stack;
use crate::bench::count::Cost;
use crate::bench::stats::ratio;

/// What a stack costs, on either side where there is one.
pub(super) struct Line<'a> {
    pub(super) stack: &'a Stack,
    pub(super) kit: Cost,
    pub(super) usual: Option<Cost>,
}

const HEADS: [&str; 9] = [
    "stack",
    "Kit",
    "on top",
    "of the floor",
    "allocations",
    "usual layers",
    "on top",
    "of the floor",
    "allocations",
];

/// Prints instructions and allocations of each stack. *On top* is what one of Kit's has beyond the empty
/// stack, and what the empty one and the usual layers have beyond none.
pub(super) fn print(protocol: &str, floor: &Cost, lines: &[Line<'_>], is_markdown: bool) {
    println!();
    println!(
        "{protocol}, for each request: the floor has {:.0} instructions and {:.2} allocations",
        floor.instructions, floor.allocations
    );
    println!();
    let cells: Vec<_> = lines.iter().map(|line| cells(line, floor, lines)).collect();
    if is_markdown {
        println!("| {} |", HEADS.join(" | "));
        println!("|{}", "---|".repeat(HEADS.len()));
        for cells in &cells {
            println!("| {} |", cells.join(" | "));
        }
        return;
    }
    for cells in std::iter::once(&HEADS.map(str::to_owned)).chain(&cells) {
        let [first, others @ ..] = cells;
        print!("{first:<24}");
        for cell in others {
            print!("{cell:>14}");
        }
        println!();
    }
}

type Of = for<'a> fn(&'a Line<'_>) -> Option<&'a Cost>;

fn cells(line: &Line<'_>, floor: &Cost, lines: &[Line<'_>]) -> [String; 9] {
    let sides: [(&str, Of); 2] = [
        ("empty", |line| Some(&line.kit)),
        ("none", |line| line.usual.as_ref()),
    ];
    let mut cells: [String; 9] = Default::default();
    line.stack.name.clone_into(&mut cells[0]);
    for ((base, side), cells) in sides.into_iter().zip(cells[1..].chunks_exact_mut(4)) {
        let Some(cost) = side(line) else { continue };
        cells[0] = format!("{:.0}", cost.instructions);
        cells[1] = on_top(line, cost, lines, base, side);
        cells[2] = format!("{:.3}", ratio(cost.instructions, floor.instructions));
        cells[3] = format!("{:.1}", cost.allocations);
    }
    cells
}

/// The instructions beyond the stack that a stack is compared with; nothing where that is missing.
fn on_top(line: &Line<'_>, cost: &Cost, lines: &[Line<'_>], base: &str, side: Of) -> String {
    let base = match line.stack.name {
        "none" => return String::new(),
        "empty" => "none",
        _ => base,
    };
    let base = lines.iter().find(|line| line.stack.name == base);
    base.and_then(side).map_or_else(String::new, |base| {
        format!("{:+.0}", cost.instructions - base.instructions)
    })
}

#[cfg(test)]
mod tests {
    use super::super::stacks::STACKS;
    use super::{Line, cells};
    use crate::bench::count::Cost;

    fn cost(instructions: f64, allocations: f64) -> Cost {
        Cost {
            instructions,
            allocations,
        }
    }

    #[test]
    fn a_stack_is_compared_with_the_one_below_it_and_with_the_floor() {
        let line = |name: &str, kit, usual| Line {
            stack: STACKS.iter().find(|stack| stack.name == name).unwrap(),
            kit,
            usual,
        };
        let lines = [
            line("none", cost(1_000.0, 20.0), Some(cost(990.0, 20.0))),
            line("empty", cost(1_200.0, 23.0), Some(cost(1_500.0, 29.0))),
            line("deadline", cost(1_250.0, 23.0), Some(cost(1_100.0, 21.0))),
        ];
        let floor = cost(1_000.0, 20.0);
        let written = lines
            .each_ref()
            .map(|line| cells(line, &floor, &lines).join("|"));
        assert_eq!(
            written,
            [
                "none|1000||1.000|20.0|990||0.990|20.0",
                "empty|1200|+200|1.200|23.0|1500|+510|1.500|29.0",
                "deadline|1250|+50|1.250|23.0|1100|+110|1.100|21.0",
            ]
        );
    }
}
