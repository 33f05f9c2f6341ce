//! The option of guessing ahead.

#[derive(Debug, clap::Args)]
pub struct SpeculationOptions {
    /// Guess up to N tokens of an answer at a time from what was said before, and keep those that the model itself chooses; 0 guesses nothing
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=32))]
    speculate: u8,
}

impl SpeculationOptions {
    pub fn most(&self) -> usize {
        self.speculate.into()
    }
}
