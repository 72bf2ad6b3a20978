package io.modelassay.quantization;

import io.modelassay.checkpoint.PythonPattern;
import io.modelassay.checkpoint.PythonPatterns;

/**
 * The key of a rule in GPTQModel's {@code dynamic}: a regular expression that the names of the rule's modules begin with,
 * behind {@code -:} if they are left out, and behind {@code +:} or nothing if they are given other settings.
 */
record DynamicKey(String text, boolean leavesOut, PythonPattern pattern) {
    /** A key of {@code patterns}, which refuse what is no regular expression. */
    static DynamicKey of(String text, PythonPatterns patterns) {
        boolean leavesOut = text.startsWith("-:");
        boolean prefixed = leavesOut || text.startsWith("+:");
        return new DynamicKey(text, leavesOut, patterns.compile(prefixed ? text.substring(2) : text, "dynamic"));
    }

    boolean matches(String module) {
        return pattern.match(module);
    }
}
