package io.modelassay.evaluation;

import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What a figure was measured on, and where.
 *
 * @param basis what was looked at besides a text, in words for people, such as {@code 291 parameters expected}; may be empty
 * @param text name of the text; {@code null} where there was none
 * @param tokens how many tokens the figure is a mean of; {@code null} where it is none
 * @param protocol how the text became windows; {@code null} where it did not
 * @param ranOn device, compute type and engine; {@code null} where nothing was computed in an engine
 */
@API(status = API.Status.EXPERIMENTAL)
public record Origin(
        String basis,
        @Nullable String text,
        @Nullable Integer tokens,
        @Nullable String protocol,
        @Nullable Provenance ranOn) {
    /** Nothing that is worth telling. */
    public static final Origin NONE = of("");

    /** What was looked at, without a text and an engine. */
    public static Origin of(String basis) {
        return new Origin(basis, null, null, null, null);
    }

    /** A text. */
    public static Origin text(String name) {
        return new Origin("", name, null, null, null);
    }

    /** A text under a protocol, as {@code figure} was measured. */
    public static Origin of(String text, Perplexity figure) {
        return new Origin("", text, figure.tokens(), figure.protocol(), figure.provenance());
    }

    /** Computed there. */
    public Origin on(Provenance provenance) {
        return new Origin(basis, text, tokens, protocol, provenance);
    }

    /** A mean over {@code count} tokens. */
    public Origin over(int count) {
        return new Origin(basis, text, count, protocol, ranOn);
    }

    /** What was measured, without where: {@code 512 tokens of held-out.txt, non-overlapping-512-drop-tail/1}. */
    public String measured() {
        String counted = tokens == null ? "" : tokens + (tokens == 1 ? " token" : " tokens");
        String named = text == null ? counted : counted.isEmpty() ? text : counted + " of " + text;
        return joined(basis, named, protocol);
    }

    /** For people, such as {@code 512 tokens of held-out.txt, …, device CPU, bf16, PyTorch 2.7.1}; may be empty. */
    @Override
    public String toString() {
        return joined(measured(), ranOn);
    }

    private static String joined(@Nullable Object... parts) {
        return Stream.of(parts)
                .filter(Objects::nonNull)
                .map(Object::toString)
                .filter(part -> !part.isEmpty())
                .collect(Collectors.joining(", "));
    }
}
