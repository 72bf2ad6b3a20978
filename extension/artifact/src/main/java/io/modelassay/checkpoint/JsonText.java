package io.modelassay.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import io.modelassay.failure.Printable;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * How every JSON document of ModelAssay is written: records and maps as objects, members in snake_case and sorted, absent
 * values as {@code null}, and {@code null} for a number that JSON has no form for (NaN and the infinities). Half a surrogate
 * pair, which UTF-8 has no form for, becomes U+FFFD; characters that do not print are escaped.
 *
 * <p>Records, maps, collections, strings, numbers, booleans and constants (in lower case), nothing else. No object mapper: its start alone takes
 * longer than inspecting a model.
 */
@API(status = API.Status.INTERNAL)
public final class JsonText {
    private static final Pattern WORD = Pattern.compile("(?<=[a-z0-9])(?=[A-Z])");

    /** By the name in the document. Asked for once a type: a document may hold a million records. */
    private static final ClassValue<Map<String, Method>> ACCESSORS = new ClassValue<>() {
        @Override
        protected Map<String, Method> computeValue(Class<?> type) {
            return accessors(type);
        }
    };

    private JsonText() {}

    /** The document as indented text with a line feed at its end. */
    public static String of(Object document) {
        StringWriter text = new StringWriter();
        print(document, text);
        return text.toString();
    }

    /** Prints the same, line by line: the text of a million tensors is never in memory as a whole. */
    public static void print(Object document, Writer out) {
        try (Writer lines = new PrintableLines(out)) {
            write(document, true, lines);
            lines.write('\n');
        } catch (IOException e) {
            throw new UncheckedIOException("printing a document", e);
        }
    }

    /** The document as one line, without a line feed at its end. */
    public static String line(Object document) {
        StringWriter text = new StringWriter();
        write(document, false, text);
        return Printable.json(text.toString());
    }

    /**
     * The document as one line that may stand inside a {@code script} element: no {@code <}, {@code >} or {@code &}, and
     * no line separator of JavaScript's.
     */
    public static String inScript(Object document) {
        return line(document).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026");
    }

    private static void write(Object document, boolean indented, Writer text) {
        try (JsonGenerator json =
                new JsonFactory().createGenerator(text).disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)) {
            if (indented) {
                DefaultPrettyPrinter printer = new DefaultPrettyPrinter(Separators.createDefaultInstance()
                        .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                        .withObjectEmptySeparator("")
                        .withArrayEmptySeparator(""));
                printer.indentObjectsWith(new DefaultIndenter("  ", "\n"));
                json.setPrettyPrinter(printer);
            }
            value(json, document);
        } catch (IOException e) {
            throw new UncheckedIOException("writing a document", e);
        }
    }

    private static void value(JsonGenerator json, @Nullable Object value) throws IOException {
        if (value == null) {
            json.writeNull();
        } else if (value instanceof String text) {
            json.writeString(text);
        } else if (value instanceof Boolean flag) {
            json.writeBoolean(flag);
        } else if (value instanceof Double number) {
            if (Double.isFinite(number)) {
                json.writeNumber(number);
            } else {
                json.writeNull();
            }
        } else if (value instanceof Long || value instanceof Integer) {
            json.writeNumber(((Number) value).longValue());
        } else if (value instanceof Enum<?> constant) {
            json.writeString(constant.name().toLowerCase(Locale.ROOT));
        } else if (value instanceof Collection<?> items) {
            json.writeStartArray();
            for (Object item : items) {
                value(json, item);
            }
            json.writeEndArray();
        } else if (value instanceof Map<?, ?> map) {
            Map<String, Object> sorted = new TreeMap<>();
            map.forEach((key, member) -> sorted.put(String.valueOf(key), member));
            object(json, sorted);
        } else if (value instanceof Record) {
            record(json, value);
        } else {
            throw new IllegalArgumentException("No JSON form of " + value.getClass());
        }
    }

    private static void object(JsonGenerator json, Map<String, @Nullable Object> members) throws IOException {
        json.writeStartObject();
        for (Map.Entry<String, @Nullable Object> member : members.entrySet()) {
            json.writeFieldName(member.getKey());
            value(json, member.getValue());
        }
        json.writeEndObject();
    }

    private static void record(JsonGenerator json, Object document) throws IOException {
        json.writeStartObject();
        for (Map.Entry<String, Method> member :
                ACCESSORS.get(document.getClass()).entrySet()) {
            json.writeFieldName(member.getKey());
            try {
                value(json, member.getValue().invoke(document));
            } catch (IllegalAccessException | InvocationTargetException e) {
                throw new IllegalStateException("Component " + member.getValue() + " cannot be read", e);
            }
        }
        json.writeEndObject();
    }

    private static Map<String, Method> accessors(Class<?> type) {
        Map<String, Method> accessors = new TreeMap<>();
        for (RecordComponent component : type.getRecordComponents()) {
            component.getAccessor().setAccessible(true);
            accessors.put(memberName(component.getName()), component.getAccessor());
        }
        return accessors;
    }

    /** {@code dtypeCounts} becomes {@code dtype_counts}. */
    private static String memberName(String component) {
        return WORD.matcher(component).replaceAll("_").toLowerCase(Locale.ROOT);
    }
}
