package io.modelassay.conversion;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import org.apiguardian.api.API;

/** Copies a config token by token, so that every number keeps its text, with some members changed. */
@API(status = API.Status.INTERNAL)
public final class ConfigCopy {
    private ConfigCopy() {}

    /** What changes. */
    public interface Edits {
        /** Whether the member of that name is left out, at any depth. */
        default boolean drops(String name) {
            return false;
        }

        /**
         * Writes something in the place of a scalar.
         *
         * @param place names of the members that lead to it, the outermost first, joined by dots
         * @return false to keep the scalar
         */
        boolean replaces(String place, JsonToken token, String text, JsonGenerator out) throws IOException;

        /** Writes members that the outermost object lacks. */
        default void end(JsonGenerator out) throws IOException {}
    }

    public static void copy(Path from, Path to, Edits edits) throws IOException {
        JsonFactory json = JsonFactory.builder()
                .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                // As Python writes it; half a surrogate pair, which Python reads, has no other form.
                .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
                .build();
        try (JsonParser parser = json.createParser(Files.readAllBytes(from));
                Writer file = Files.newBufferedWriter(to, StandardCharsets.UTF_8);
                JsonGenerator out = json.createGenerator(file)) {
            out.setPrettyPrinter(pythonLike());
            Deque<String> holders = new ArrayDeque<>();
            for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
                String name = parser.currentName() == null ? "" : parser.currentName();
                if (token == JsonToken.FIELD_NAME && edits.drops(name)) {
                    parser.nextToken();
                    parser.skipChildren();
                    continue;
                }
                if (token.isStructStart()) {
                    // At the start of a structure the current name is still that of the member which holds it.
                    String holder = holders.isEmpty() ? "" : holders.getLast();
                    holders.addLast(name.isEmpty() ? holder : holder + name + ".");
                } else if (token.isStructEnd()) {
                    holders.removeLast();
                    if (holders.isEmpty()) {
                        edits.end(out);
                    }
                }
                boolean replaced =
                        token.isScalarValue() && edits.replaces(holders.getLast() + name, token, parser.getText(), out);
                if (!replaced && token.isNumeric()) {
                    out.writeNumber(parser.getText());
                } else if (!replaced) {
                    out.copyCurrentEvent(parser);
                }
            }
            out.writeRaw("\n");
        }
    }

    private static DefaultPrettyPrinter pythonLike() {
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter(Separators.createDefaultInstance()
                .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                .withObjectEmptySeparator("")
                .withArrayEmptySeparator(""));
        DefaultIndenter indent = new DefaultIndenter("  ", "\n");
        printer.indentObjectsWith(indent);
        printer.indentArraysWith(indent);
        return printer;
    }
}
