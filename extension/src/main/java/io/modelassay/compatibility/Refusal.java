package io.modelassay.compatibility;

/** What a library raises while it loads an artifact. Carries the verdict up; nobody looks at its stack. */
final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1;

    final String kind;
    final String type;
    final String why;
    final String cure;

    /**
     * @param kind stable kebab-case name
     * @param type the Python type
     * @param message what it says
     */
    Refusal(String kind, String type, String message, String why, String cure) {
        super(message, null, false, false);
        this.kind = kind;
        this.type = type;
        this.why = why;
        this.cure = cure;
    }

    String text() {
        return String.valueOf(getMessage());
    }
}
