package io.modelassay.quantization;

import java.util.List;

/** A pattern over whole names in which {@code *} stands for any characters. Takes linear time, whatever it holds. */
record Wildcard(List<String> pieces) {
    static Wildcard of(String text) {
        return new Wildcard(List.of(text.split("\\*", -1)));
    }

    /** The first place of each piece is as good as any later one. */
    boolean matches(String name) {
        String first = pieces.get(0);
        String last = pieces.get(pieces.size() - 1);
        if (pieces.size() == 1) {
            return name.equals(first);
        }
        int end = name.length() - last.length();
        if (!name.startsWith(first) || !name.endsWith(last) || end < first.length()) {
            return false;
        }
        int at = first.length();
        for (String piece : pieces.subList(1, pieces.size() - 1)) {
            int found = name.indexOf(piece, at);
            if (found < 0 || found + piece.length() > end) {
                return false;
            }
            at = found + piece.length();
        }
        return true;
    }
}
