//! The forms in which families of models write tool calls, and how a model's family is told from its chat template.

/// How a model writes calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// `<tool_call>{"name": …, "arguments": …}</tool_call>`, as Hermes 2 Pro and Qwen do, and as any model is told to whose
    /// template knows no tools.
    ///
    /// Source: <https://github.com/NousResearch/Hermes-Function-Calling>.
    Hermes,
    /// The whole answer is `{"name": …, "parameters": …}`, maybe after `<|python_tag|>`.
    ///
    /// Source: <https://www.llama.com/docs/model-cards-and-prompt-formats/llama3_1/>.
    Llama3,
    /// `[TOOL_CALLS][{"name": …, "arguments": …}, …]`.
    ///
    /// Source: <https://docs.mistral.ai/capabilities/function_calling/> and mistral-common's tokenizers up to version 7.
    MistralList,
    /// `[TOOL_CALLS]name[ARGS]{…}`, from mistral-common's version 11 on.
    MistralNames,
    /// `<|tool_call|>[{"name": …, "arguments": …}]<|/tool_call|>`; older ones write `functools[…]`.
    ///
    /// Source: <https://huggingface.co/microsoft/Phi-4-mini-instruct>.
    Phi,
}

impl Family {
    #[cfg(test)]
    pub const ALL: [Self; 5] = [Self::Hermes, Self::Llama3, Self::MistralList, Self::MistralNames, Self::Phi];

    /// By the source of a chat template.
    pub fn of_template(source: &str) -> Self {
        let has = |mark: &str| source.contains(mark);
        if !has("tools") {
            Self::Hermes
        } else if has("[TOOL_CALLS]") {
            if has("[ARGS]") { Self::MistralNames } else { Self::MistralList }
        } else if has("<tool_call>") {
            Self::Hermes
        } else if has("<|tool_call|>") || has("<|tool|>") || has("functools") {
            Self::Phi
        } else if has("<|python_tag|>") || has("<|start_header_id|>") {
            Self::Llama3
        } else {
            Self::Hermes
        }
    }

    /// The texts of which one begins a call; empty where the whole answer is one.
    pub fn openings(self) -> &'static [&'static str] {
        match self {
            Self::Hermes => &["<tool_call>"],
            Self::Llama3 => &["<|python_tag|>"],
            Self::MistralList | Self::MistralNames => &["[TOOL_CALLS]"],
            Self::Phi => &["<|tool_call|>", "functools["],
        }
    }

    /// The texts that end a call, or lie between its name and its arguments. They are marks too.
    pub fn closings(self) -> &'static [&'static str] {
        match self {
            Self::Hermes => &["</tool_call>"],
            Self::Llama3 => &[],
            Self::MistralList | Self::MistralNames => &["[ARGS]", "[CALL_ID]"],
            Self::Phi => &["<|/tool_call|>"],
        }
    }

    /// Can a call begin with nothing but its object?
    pub fn begins_bare(self) -> bool {
        self == Self::Llama3
    }

    /// The name of the arguments' field.
    pub fn arguments_field(self) -> &'static str {
        if self == Self::Llama3 { "parameters" } else { "arguments" }
    }

    /// A fresh id for a call. Mistral's templates take nine letters and digits only.
    pub fn new_call_id(self) -> String {
        let id = uuid::Uuid::new_v4().simple().to_string();
        match self {
            Self::MistralList | Self::MistralNames => id[..9].to_owned(),
            _ => format!("call_{}", &id[..24]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_tells_its_family() {
        for (source, family) in [
            ("{{ messages }}", Family::Hermes),
            ("{% if tools %}<tools></tools><tool_call>{% endif %}", Family::Hermes),
            ("{% if tools %}[AVAILABLE_TOOLS]{% endif %}[TOOL_CALLS]", Family::MistralList),
            ("{% if tools %}[AVAILABLE_TOOLS]{% endif %}[TOOL_CALLS]{{ name }}[ARGS]", Family::MistralNames),
            ("{% if 'tools' in message %}<|tool|>{% endif %}", Family::Phi),
            (include_str!("../prompt/template/fixtures/llama3.jinja"), Family::Llama3),
            (include_str!("../prompt/template/fixtures/smollm2.jinja"), Family::Hermes),
        ] {
            assert_eq!(Family::of_template(source), family, "{source}");
        }
    }

    #[test]
    fn ids_have_the_form_that_the_family_takes() {
        let mistral = Family::MistralList.new_call_id();
        assert!(mistral.len() == 9 && mistral.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{mistral}");
        assert_ne!(Family::Hermes.new_call_id(), Family::Hermes.new_call_id());
    }
}
