package io.modelassay.matrix;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;

/** A JDK or JRE that can run a cell. */
record JavaHome(Path home) {
    private static final int KNOWS_NATIVE_ACCESS = 22;

    static JavaHome of(Stack stack) {
        return new JavaHome(stack.java().orElseGet(() -> Path.of(System.getProperty("java.home"))));
    }

    Path command() {
        boolean windows = System.getProperty("os.name").startsWith("Windows");
        return home.resolve("bin").resolve(windows ? "java.exe" : "java");
    }

    boolean knowsNativeAccess() {
        Properties release = new Properties();
        try (Reader reader = Files.newBufferedReader(home.resolve("release"), StandardCharsets.UTF_8)) {
            release.load(reader);
        } catch (IOException e) {
            return false;
        }
        String version =
                release.getProperty("JAVA_VERSION", "").replace("\"", "").replaceFirst("[^0-9].*", "");
        return !version.isEmpty() && Integer.parseInt(version) >= KNOWS_NATIVE_ACCESS;
    }
}
