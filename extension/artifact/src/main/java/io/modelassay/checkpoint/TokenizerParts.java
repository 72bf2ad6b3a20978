package io.modelassay.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.failure.Printable;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** The components of a tokenizer beside its model, checked for what the tokenizers library does not survive. */
final class TokenizerParts {
    private static final int MOST_PIECES = 1_000;
    private static final int MOST_TEXTS = 8;
    private static final int LONGEST_PREFIX = 1_000;

    /** How many characters replacements may make of one. Known tokenizers have 6, for {@code <0x0A>}. */
    private static final double MOST_GROWTH = 256;

    private final Function<String, CheckpointException> problem;
    private final List<Replacement> replacements = new ArrayList<>();

    /** What a normalizer puts in the place of what, and what it and those before it may make of one character. */
    private record Replacement(String content, double growth) {}

    TokenizerParts(Function<String, CheckpointException> problem) {
        this.problem = problem;
    }

    void check(Map<String, JsonNode> parts) {
        parts.forEach((name, part) -> check(part, name));
    }

    private CheckpointException fault(String place, String what) {
        return problem.apply(what + " at " + place);
    }

    /** Depth is bounded by the parser. */
    private void check(JsonNode part, String place) {
        if (part.isArray()) {
            for (int i = 0; i < part.size(); i++) {
                check(part.get(i), place + "[" + i + "]");
            }
            return;
        }
        if (!part.isObject()) {
            return;
        }
        switch (part.path("type").asText()) {
            case "TemplateProcessing" -> template(part, place);
            case "BertProcessing", "RobertaProcessing" -> {
                id(part.path("sep").path(1), place + ".sep[1]");
                id(part.path("cls").path(1), place + ".cls[1]");
            }
            case "Precompiled" -> charsMap(part.path("precompiled_charsmap"), place + ".precompiled_charsmap");
            case "FixedLength" -> {
                if (part.path("length").isNumber() && part.path("length").asLong() < 1) {
                    throw fault(
                            place + ".length",
                            "has pieces of " + part.path("length").asText() + " characters");
                }
            }
            case "Prepend" -> {
                int length = part.path("prepend").asText().length();
                if (length == 0 || length > LONGEST_PREFIX) {
                    throw fault(place + ".prepend", "prepends " + length + " characters, which is none or too many");
                }
            }
            case "Replace" -> replacement(part, place);
            default -> pattern(part.path("pattern"), place + ".pattern");
        }
        for (String holder : List.of("normalizers", "pretokenizers", "processors", "decoders")) {
            check(part.path(holder), place + "." + holder);
        }
    }

    /** The shortest text that a pattern finds. */
    private int pattern(JsonNode pattern, String place) {
        if (!pattern.path("Regex").isTextual()) {
            return pattern.path("String").isTextual()
                    ? pattern.path("String").textValue().length()
                    : 1;
        }
        String regex = pattern.path("Regex").textValue();
        TokenizerPattern.Verdict verdict = TokenizerPattern.of(regex);
        if (verdict.danger() != null) {
            throw fault(
                    place + ".Regex",
                    "has a pattern, " + Printable.quote(regex) + ", that " + verdict.danger()
                            + ", and the tokenizers library ends the process where a match takes too long,");
        }
        return verdict.least();
    }

    private void replacement(JsonNode part, String place) {
        int found = pattern(part.path("pattern"), place + ".pattern");
        if (place.startsWith("decoder")) {
            return;
        }
        if (found == 0) {
            throw fault(place + ".pattern", "replaces what may be no character at all");
        }
        String content = part.path("content").asText();
        String sought = part.path("pattern").path("String").asText();
        double before = 1;
        for (Replacement earlier : replacements) {
            if (earlier.content.contains(sought)) {
                before = Math.max(before, earlier.growth);
            }
        }
        double growth = before * Math.max(1, (double) content.length() / found);
        if (growth > MOST_GROWTH) {
            throw fault(place + ".content", "makes " + (long) growth + " characters of one");
        }
        replacements.add(new Replacement(content, growth));
    }

    private void charsMap(JsonNode map, String place) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(map.asText());
        } catch (IllegalArgumentException e) {
            throw fault(place, "has a map of characters that is not Base64");
        }
        CharsMap.fault(bytes).ifPresent(why -> {
            throw fault(place, "has a map of characters that " + why);
        });
    }

    /** Of the two templates that for one text is used. */
    private void template(JsonNode part, String place) {
        JsonNode declared = part.path("special_tokens");
        JsonNode pieces = part.path("single");
        if (pieces.size() > MOST_PIECES) {
            throw fault(place + ".single", "has a template of " + pieces.size() + " pieces");
        }
        int texts = 0;
        for (int i = 0; i < pieces.size(); i++) {
            String at = place + ".single[" + i + "]";
            JsonNode special = pieces.get(i).path("SpecialToken").path("id");
            if (special.isTextual() && !declared.has(special.textValue())) {
                throw fault(
                        at,
                        "puts in the special token " + Printable.quote(special.textValue())
                                + ", which its special_tokens lack,");
            }
            JsonNode text = pieces.get(i).path("Sequence").path("id");
            texts += text.isMissingNode() ? 0 : 1;
            if (text.asText().equals("B") || texts > MOST_TEXTS) {
                throw fault(at, "has a second text, or the same text too often, in the template for one text");
            }
        }
        declared.properties()
                .forEach(token -> token.getValue()
                        .path("ids")
                        .forEach(id -> id(id, place + ".special_tokens[" + Printable.quote(token.getKey()) + "].ids")));
    }

    private void id(JsonNode id, String place) {
        if (id.isIntegralNumber() && (!id.canConvertToInt() || id.intValue() < 0)) {
            throw fault(place, "has the id " + id.asText() + "; ids are from 0 to 2^31-1,");
        }
    }
}
