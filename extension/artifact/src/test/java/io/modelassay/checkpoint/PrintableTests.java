package io.modelassay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.modelassay.failure.Printable;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PrintableTests {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "model.layers.0.self_attn.q_proj.weight",
                "C++::name",
                "# 1 ## Heading [x]",
                "ключ é 模型 😀",
                "a: b, 3 % ± 0.2",
                ""
            })
    void ordinaryTextStaysAsItIs(String text) {
        assertThat(Printable.line(text)).isEqualTo(text);
        assertThat(Printable.lines(text)).isEqualTo(text);
        assertThat(Printable.json('"' + text + '"')).isEqualTo('"' + text + '"');
    }

    @Test
    void whatDoesNotPrintIsEscaped() {
        assertThat(Printable.line("a\u001b[31mb\u0007\r\n\tc\u0085\u009b"))
                .isEqualTo("a\\u001b[31mb\\u0007\\u000d\\u000a\\u0009c\\u0085\\u009b");
        assertThat(Printable.line("\u202eevil\u2066\u200b\u2028\ufeff\udb40\udc41"))
                .isEqualTo("\\u202eevil\\u2066\\u200b\\u2028\\ufeff\\udb40\\udc41");
        assertThat(Printable.line("\ud800x\udc00")).isEqualTo("\\ud800x\\udc00");
    }

    @Test
    void noLineIsACommandOfACiServer() {
        assertThat(Printable.line("::error::x")).isEqualTo("\\u003a:error::x");
        assertThat(Printable.line(" \u00a0::error::x")).isEqualTo(" \u00a0\\u003a:error::x");
        assertThat(Printable.line("a ::b")).isEqualTo("a ::b");
        assertThat(Printable.lines("a\n::error::x\n\t::y")).isEqualTo("a\n\\u003a:error::x\n\t\\u003a:y");
        assertThat(Printable.line("a ##[error]x ##vso[task.setvariable]y ###teamcity[z"))
                .isEqualTo("a \\u0023#[error]x \\u0023#vso[task.setvariable]y #\\u0023#teamcity[z");
    }

    @Test
    void quotesAreCutBetweenCharacters() {
        assertThat(Printable.quote("a\nb")).isEqualTo("\"a\\u000ab\"");
        assertThat(Printable.quote("x".repeat(161))).isEqualTo('"' + "x".repeat(160) + "…\" (161 characters)");
        assertThat(Printable.quote("x".repeat(159) + "😀y")).startsWith('"' + "x".repeat(159) + "…\"");
    }

    @Test
    void documentsReadTheSame() {
        assertThat(Printable.json("{\n  \"a\u202e\": \"##[error] é\ud83d\ude00\ud800\"\n}"))
                .isEqualTo("{\n  \"a\\u202e\": \"\\u0023#[error] é\ud83d\ude00\ufffd\"\n}");
    }

    /** Printed in pieces of any length, a document is what it is as a whole. */
    @Test
    void documentsArePrintedLineByLine() throws IOException {
        Map<String, Object> document =
                Map.of("a\u202e", List.of("##[error]", "é\ud83d\ude00\ud800", "two\nlines"), "b", 1L);
        String whole = JsonText.of(document);
        assertThat(whole)
                .isEqualTo("{\n  \"a\\u202e\": [ \"\\u0023#[error]\", \"é\ud83d\ude00\ufffd\", \"two\\nlines\" ],\n"
                        + "  \"b\": 1\n}\n");
        for (int size = 1; size < 5; size++) {
            StringWriter pieces = new StringWriter();
            try (PrintableLines lines = new PrintableLines(pieces)) {
                String raw =
                        "{\n  \"a\u202e\": [ \"##[error]\", \"é\ud83d\ude00\ud800\", \"two\\nlines\" ],\n  \"b\": 1\n}\n";
                for (int at = 0; at < raw.length(); at += size) {
                    lines.write(raw.substring(at, Math.min(at + size, raw.length())));
                }
            }
            assertThat(pieces).hasToString(whole);
        }
    }
}
