package io.modelassay.compatibility;

import java.util.List;

/** What a library raises while it loads an artifact. Carries the verdict up; nobody looks at its stack. */
final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1;

    final String kind;
    final String type;
    final String why;
    final String cure;
    final transient List<String> mismatched;

    /**
     * @param kind stable kebab-case name
     * @param type the Python type
     * @param message what it says
     */
    Refusal(String kind, String type, String message, String why, String cure) {
        this(kind, type, message, why, cure, List.of());
    }

    /** That of tensors whose shapes don't fit. */
    Refusal(String kind, String type, String message, String why, String cure, List<String> mismatched) {
        super(message, null, false, false);
        this.kind = kind;
        this.type = type;
        this.why = why;
        this.cure = cure;
        this.mismatched = List.copyOf(mismatched);
    }

    /** Where there is no telling whether anything is raised. */
    static Refusal notCovered(String why, String cure) {
        return new Refusal("not-covered", "", "", why, cure);
    }

    boolean isNotCovered() {
        return type.isEmpty();
    }

    String text() {
        return String.valueOf(getMessage());
    }
}
