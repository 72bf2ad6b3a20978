package io.modelassay.quantization;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * The key of a rule in GPTQModel's {@code dynamic}: a regular expression that the names of the rule's modules begin with,
 * behind {@code -:} if they are left out, and behind {@code +:} or nothing if they are given other settings.
 */
record DynamicKey(String text, boolean leavesOut, Pattern pattern) {
    /** @throws PatternSyntaxException if it holds no regular expression */
    static DynamicKey of(String text) {
        boolean leavesOut = text.startsWith("-:");
        boolean prefixed = leavesOut || text.startsWith("+:");
        return new DynamicKey(text, leavesOut, Pattern.compile(prefixed ? text.substring(2) : text));
    }

    /** Those of {@code texts} that can be read, in their order. */
    static List<DynamicKey> readable(List<String> texts) {
        List<DynamicKey> keys = new ArrayList<>();
        for (String text : texts) {
            try {
                keys.add(of(text));
            } catch (PatternSyntaxException e) {
                // Loaders fail on it; what the tensors say counts.
            }
        }
        return keys;
    }

    boolean matches(String module) {
        return pattern.matcher(module).lookingAt();
    }
}
