package io.modelassay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** One call of the command line. */
record CommandRun(int code, String out, String err) {
    static CommandRun of(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] args = Arrays.stream(arguments).map(String::valueOf).toArray(String[]::new);
        int code = Main.run(new PrintWriter(out), new PrintWriter(err), args);
        return new CommandRun(code, out.toString(), err.toString());
    }

    /** The one document on standard output; fails if there is anything else. */
    JsonNode json() {
        return json(out);
    }

    /** The ids of the findings of its document that are more than remarks. Fails if the exit code tells otherwise. */
    Set<String> aboveInfo() {
        Set<String> ids = new TreeSet<>();
        boolean error = false;
        for (JsonNode finding : json().at("/findings")) {
            if (!finding.at("/severity").asText().equals("info")) {
                ids.add(finding.at("/id").asText());
            }
            error |= finding.at("/severity").asText().equals("error");
        }
        assertThat(code).as(err).isEqualTo(error ? 1 : 0);
        return ids;
    }

    static JsonNode json(String text) {
        try (var parser = new ObjectMapper().createParser(text)) {
            JsonNode document = parser.readValueAsTree();
            if (parser.nextToken() != null) {
                throw new AssertionError("More than one document:\n" + text);
            }
            return document;
        } catch (java.io.IOException e) {
            throw new UncheckedIOException("Not JSON:\n" + text, e);
        }
    }

    /** Every member with its type, a line each, such as {@code findings[].id string}: what a reader may rely on. */
    static String contract(JsonNode document) {
        TreeSet<String> lines = new TreeSet<>();
        describe("", document, lines);
        return lines.stream().collect(Collectors.joining("\n"));
    }

    private static void describe(String place, JsonNode node, TreeSet<String> lines) {
        if (node.isObject()) {
            node.properties()
                    .forEach(member -> describe(
                            place.isEmpty() ? member.getKey() : place + "." + member.getKey(),
                            member.getValue(),
                            lines));
        } else if (node.isArray()) {
            lines.add(place + " array");
            node.forEach(item -> describe(place + "[]", item, lines));
        } else {
            String type = node.isIntegralNumber()
                    ? "integer"
                    : node.getNodeType().name().toLowerCase(java.util.Locale.ROOT);
            lines.add(place + " " + type);
        }
    }
}
