package io.modelassay.compatibility;

import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/**
 * A version of a Python package, ordered as PEP 440 does: {@code 0.9.0 < 0.10.0}, {@code 1.0.dev1 < 1.0rc1 < 1.0 <
 * 1.0.post1}; {@code 0.9} is {@code 0.9.0}. Local parts such as {@code +cpu} do not count.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class LibraryVersion implements Comparable<LibraryVersion> {
    private static final Pattern FORM = Pattern.compile(
            "v?(\\d{1,9}(?:\\.\\d{1,9}){0,5})(?:[-_.]?(a|alpha|b|beta|c|rc)[-_.]?(\\d{0,9}))?"
                    + "(?:[-_.]?(post|rev|r)[-_.]?(\\d{0,9}))?(?:[-_.]?(dev)[-_.]?(\\d{0,9}))?(?:\\+[a-z0-9._-]*)?",
            Pattern.CASE_INSENSITIVE);
    private static final int RELEASE_PARTS = 6;

    private final String text;
    /** Six numbers of the release, then pre-release, post-release and development release. */
    private final List<Integer> order;

    private LibraryVersion(String text, List<Integer> order) {
        this.text = text;
        this.order = order;
    }

    /**
     * Reads a version.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static LibraryVersion of(String text) {
        Matcher parts = FORM.matcher(text.strip());
        if (!parts.matches()) {
            throw new IllegalArgumentException("\"" + text + "\" is no version, such as 0.13.2");
        }
        Integer[] order = new Integer[RELEASE_PARTS + 3];
        Arrays.fill(order, 0);
        String[] release = parts.group(1).split("\\.", -1);
        for (int i = 0; i < release.length; i++) {
            order[i] = Integer.valueOf(release[i]);
        }
        boolean development = parts.group(6) != null;
        order[RELEASE_PARTS] = parts.group(2) != null
                ? 1_000_000_000 * (preRelease(parts.group(2)) - 2) + number(parts.group(3))
                : development && parts.group(4) == null ? Integer.MIN_VALUE : 1_000_000_000;
        order[RELEASE_PARTS + 1] = parts.group(4) == null ? -1 : number(parts.group(5));
        order[RELEASE_PARTS + 2] = development ? number(parts.group(7)) : Integer.MAX_VALUE;
        return new LibraryVersion(text.strip(), List.of(order));
    }

    private static int preRelease(String name) {
        return switch (Character.toLowerCase(name.charAt(0))) {
            case 'a' -> 0;
            case 'b' -> 1;
            default -> 2;
        };
    }

    private static int number(String digits) {
        return digits.isEmpty() ? 0 : Integer.parseInt(digits);
    }

    /** The first number. */
    public int major() {
        return order.get(0);
    }

    /** Whether the first two numbers are the same. */
    boolean hasSameMinor(LibraryVersion other) {
        return order.subList(0, 2).equals(other.order.subList(0, 2));
    }

    /** Whether it is a release, not a version on the way to one. */
    boolean isRelease() {
        return order.get(RELEASE_PARTS) == 1_000_000_000 && order.get(RELEASE_PARTS + 2) == Integer.MAX_VALUE;
    }

    /** Whether it is {@code other} or later. */
    public boolean isAtLeast(LibraryVersion other) {
        return compareTo(other) >= 0;
    }

    @Override
    public int compareTo(LibraryVersion other) {
        return Arrays.compare(order.toArray(new Integer[0]), other.order.toArray(new Integer[0]));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LibraryVersion version && order.equals(version.order);
    }

    @Override
    public int hashCode() {
        return order.hashCode();
    }

    /** As it was written. */
    @Override
    public String toString() {
        return text;
    }
}
