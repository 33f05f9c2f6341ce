"""OpenAI's and Anthropic's own clients for Python, against a daemon with a chat model and one with an embedding model."""

import json
import os
import sys
import unittest
from typing import Literal

import anthropic
import openai
import pydantic

URL = os.environ["HEARTH_EDGE_URL"]
client = openai.OpenAI(base_url=f"{URL}/v1", api_key="none", max_retries=0)
embedder = openai.OpenAI(base_url=f"{os.environ['HEARTH_EDGE_EMBED_URL']}/v1", api_key="none", max_retries=0)
claude = anthropic.Anthropic(base_url=URL, api_key="none", max_retries=0)

MESSAGES = [{"role": "user", "content": "Write a story about the sea."}]
CITIES = {
    "type": "object",
    "properties": {"city": {"enum": ["Paris", "Oslo"]}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": CITIES}}]
NAMED = {"type": "function", "function": {"name": "get_weather"}}


def chat(**fields):
    return client.chat.completions.create(
        **{"model": "default", "temperature": 0, "max_tokens": 12, "messages": MESSAGES, **fields}
    )


def text(answer):
    return answer.choices[0].message.content


class Chat(unittest.TestCase):
    def test_answers_whole_with_its_usage(self):
        answer = chat()
        self.assertGreater(len(text(answer)), 10)
        self.assertEqual(answer.usage.completion_tokens, 12)
        self.assertGreaterEqual(answer.usage.prompt_tokens_details.cached_tokens, 0)

    def test_answers_in_a_stream_with_the_same_words(self):
        chunks = list(chat(stream=True, stream_options={"include_usage": True}))
        streamed = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        self.assertEqual(streamed, text(chat()))
        self.assertEqual(chunks[-1].usage.completion_tokens, 12)

    def test_tells_how_likely_tokens_were(self):
        tokens = chat(logprobs=True, top_logprobs=3).choices[0].logprobs.content
        self.assertEqual([len(token.top_logprobs) for token in tokens], [3] * 12)
        self.assertTrue(all(token.logprob <= 0 for token in tokens))

    def test_writes_several_answers(self):
        answers = chat(n=2, temperature=1.5, seed=1).choices
        self.assertEqual([answer.index for answer in answers], [0, 1])

    def test_forbids_a_token(self):
        first = chat(max_tokens=1, logprobs=True)
        tokens = client.post("/../tokenize", body={"content": text(first)}, cast_to=object)["tokens"]
        other = chat(max_tokens=1, logit_bias={str(tokens[0]): -100})
        self.assertNotEqual(text(other), text(first))

    def test_takes_llama_cpps_parameters(self):
        sure = chat(temperature=2, extra_body={"top_k": 1})
        self.assertEqual(text(sure), text(chat()))

    def test_ends_at_a_stop_string(self):
        whole = text(chat())
        stop = whole[8:14]
        self.assertEqual(text(chat(stop=[stop])), whole[: whole.index(stop)])


class Json(unittest.TestCase):
    def test_keeps_to_a_schema(self):
        form = {"type": "json_schema", "json_schema": {"name": "place", "strict": True, "schema": CITIES}}
        answer = chat(response_format=form, max_tokens=40, temperature=1.5)
        self.assertIn(json.loads(text(answer))["city"], ["Paris", "Oslo"])

    def test_that_is_cut_says_length(self):
        form = {"type": "json_schema", "json_schema": {"name": "place", "schema": CITIES}}
        self.assertEqual(chat(response_format=form, max_tokens=3).choices[0].finish_reason, "length")

    def test_names_a_keyword_that_cannot_be_held(self):
        form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "array", "uniqueItems": True}}}
        with self.assertRaises(openai.BadRequestError) as refused:
            chat(response_format=form)
        self.assertIn("uniqueItems", str(refused.exception))


class Tools(unittest.TestCase):
    def test_are_called_when_asked_for(self):
        answer = chat(tools=TOOLS, tool_choice=NAMED, max_tokens=60).choices[0]
        self.assertEqual(answer.finish_reason, "tool_calls")
        self.assertIn(json.loads(answer.message.tool_calls[0].function.arguments)["city"], ["Paris", "Oslo"])

    def test_are_streamed(self):
        pieces = [
            call
            for chunk in chat(tools=TOOLS, tool_choice="required", parallel_tool_calls=False, max_tokens=60, stream=True)
            for call in chunk.choices[0].delta.tool_calls or []
        ]
        self.assertEqual(pieces[0].function.name, "get_weather")
        arguments = "".join(piece.function.arguments for piece in pieces)
        self.assertIn(json.loads(arguments)["city"], ["Paris", "Oslo"])

    def test_have_their_results_read(self):
        call = chat(tools=TOOLS, tool_choice=NAMED, max_tokens=60).choices[0].message
        result = {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "sunny"}
        answer = chat(messages=[*MESSAGES, call.model_dump(exclude_none=True), result], tools=TOOLS)
        self.assertEqual(answer.choices[0].message.role, "assistant")


    def test_are_strict_as_the_clients_own_helper_makes_them(self):
        class Weather(pydantic.BaseModel):
            """The weather of a city"""

            city: Literal["Paris", "Oslo"]
            days: int | None

        tools = [openai.pydantic_function_tool(Weather)]
        self.assertTrue(tools[0]["function"]["strict"])
        fields = {"model": "default", "messages": MESSAGES, "tools": tools, "temperature": 1.5, "max_tokens": 80}
        forced = client.chat.completions.parse(**fields, tool_choice="required", parallel_tool_calls=False)
        call = forced.choices[0].message.tool_calls[0].function.parsed_arguments
        self.assertIn(call.city, ["Paris", "Oslo"])
        # Where the model may choose, it tells its story.
        free = client.chat.completions.create(**{**fields, "temperature": 0, "max_tokens": 12})
        self.assertGreater(len(text(free)), 10)


class Others(unittest.TestCase):
    def test_completions(self):
        answer = client.completions.create(model="default", prompt="The capital of France is", temperature=0, max_tokens=4)
        self.assertIn("Paris", answer.choices[0].text)

    def test_responses(self):
        response = client.responses.create(model="default", input="Say hello.", max_output_tokens=12)
        self.assertGreater(len(response.output_text), 0)

    def test_responses_in_a_stream(self):
        # The client's helper wants an answer that is not cut off.
        form = {"format": {"type": "json_schema", "name": "place", "schema": CITIES, "strict": True}}
        with client.responses.stream(model="default", input="Say hello.", max_output_tokens=40, text=form) as stream:
            streamed = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
            self.assertEqual(stream.get_final_response().output_text, streamed)

    def test_embeddings(self):
        answer = embedder.embeddings.create(model="default", input=["A cat.", "A kitten.", "Stocks fell."])
        cat, kitten, stocks = (item.embedding for item in answer.data)
        near = sum(a * b for a, b in zip(cat, kitten))
        far = sum(a * b for a, b in zip(cat, stocks))
        self.assertGreater(near, far + 0.2)

    def test_embeddings_in_both_encodings(self):
        floats = embedder.embeddings.create(model="default", input="a text", encoding_format="float").data[0].embedding
        decoded = embedder.embeddings.create(model="default", input="a text").data[0].embedding
        self.assertTrue(all(abs(a - b) < 1e-6 for a, b in zip(floats, decoded)))

    def test_models(self):
        model = client.models.list().data[0]
        self.assertEqual(client.models.retrieve(model.id).id, model.id)


class Errors(unittest.TestCase):
    def test_name_what_was_wrong(self):
        for fields, kind, param in [
            ({"temperature": 9}, openai.BadRequestError, "temperature"),
            ({"n": 1000}, openai.BadRequestError, "n"),
            ({"model": "gpt-99"}, openai.NotFoundError, "model"),
            ({"extra_body": {"nonsense": 1}}, openai.BadRequestError, "nonsense"),
            ({"tool_choice": "required"}, openai.BadRequestError, "tool_choice"),
        ]:
            with self.subTest(fields=fields), self.assertRaises(kind) as refused:
                chat(**fields)
            self.assertEqual(refused.exception.param, param)

    def test_count_a_prompt_that_does_not_fit(self):
        with self.assertRaises(openai.APIStatusError) as refused:
            chat(messages=[{"role": "user", "content": "word " * 9000}])
        self.assertEqual((refused.exception.status_code, refused.exception.code), (413, "context_length_exceeded"))


class Claude(unittest.TestCase):
    # This client has no name for the temperature any more; the API has.
    question = {"model": "default", "max_tokens": 12, "messages": MESSAGES, "extra_body": {"temperature": 0}}

    def test_answers(self):
        message = claude.messages.create(**self.question)
        self.assertEqual((message.stop_reason, message.usage.output_tokens), ("max_tokens", 12))

    def test_answers_in_a_stream_with_the_same_words(self):
        with claude.messages.stream(**self.question) as stream:
            streamed = "".join(stream.text_stream)
        self.assertEqual(streamed, claude.messages.create(**self.question).content[0].text)

    def test_uses_a_tool(self):
        tool = {"name": "get_weather", "input_schema": CITIES}
        choice = {"type": "tool", "name": "get_weather"}
        message = claude.messages.create(**{**self.question, "max_tokens": 60}, tools=[tool], tool_choice=choice)
        self.assertIn(message.content[0].input["city"], ["Paris", "Oslo"])

    def test_counts_tokens(self):
        self.assertGreater(claude.messages.count_tokens(model="default", messages=MESSAGES).input_tokens, 5)

    def test_has_its_own_errors(self):
        with self.assertRaises(anthropic.NotFoundError):
            claude.messages.create(**{**self.question, "model": "claude"})


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=2).result
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(failed > 0)
