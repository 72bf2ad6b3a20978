package io.modelassay.matrix;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.maven.model.building.ModelBuilder;
import org.apache.maven.model.io.xpp3.MavenXpp3Reader;
import org.apache.maven.settings.Mirror;
import org.apache.maven.settings.Profile;
import org.apache.maven.settings.Proxy;
import org.apache.maven.settings.Repository;
import org.apache.maven.settings.Server;
import org.apache.maven.settings.Settings;
import org.apache.maven.settings.building.DefaultSettingsBuilderFactory;
import org.apache.maven.settings.building.DefaultSettingsBuildingRequest;
import org.apache.maven.settings.building.SettingsBuildingException;
import org.codehaus.plexus.util.xml.pull.XmlPullParserException;
import org.eclipse.aether.RepositorySystemSession.SessionBuilder;
import org.eclipse.aether.repository.AuthenticationSelector;
import org.eclipse.aether.repository.MirrorSelector;
import org.eclipse.aether.repository.ProxySelector;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.repository.RepositoryPolicy;
import org.eclipse.aether.util.repository.AuthenticationBuilder;
import org.eclipse.aether.util.repository.DefaultAuthenticationSelector;
import org.eclipse.aether.util.repository.DefaultMirrorSelector;
import org.eclipse.aether.util.repository.DefaultProxySelector;
import org.jspecify.annotations.Nullable;

/** Where Maven on this machine takes artifacts from: {@code settings.xml} of the user and of the installation. */
final class MavenSettings {
    /** What every project inherits, which is where Maven itself names its central repository. */
    private static final String SUPER_POM = "/org/apache/maven/model/pom-4.0.0.xml";

    private final Settings settings;

    private MavenSettings(Settings settings) {
        this.settings = settings;
    }

    static MavenSettings read() {
        Path home = Path.of(System.getProperty("user.home"));
        Properties system = new Properties();
        system.putAll(System.getProperties());
        System.getenv().forEach((name, value) -> system.put("env." + name, value));
        DefaultSettingsBuildingRequest request = new DefaultSettingsBuildingRequest()
                .setUserSettingsFile(home.resolve(".m2").resolve("settings.xml").toFile());
        request.setSystemProperties(system);
        String installation = System.getenv("MAVEN_HOME");
        if (installation != null) {
            request.setGlobalSettingsFile(new File(installation, "conf/settings.xml"));
        }
        try {
            return new MavenSettings(new DefaultSettingsBuilderFactory()
                    .newInstance()
                    .build(request)
                    .getEffectiveSettings());
        } catch (SettingsBuildingException e) {
            throw new MatrixException(
                    MatrixProblem.INVALID_SETTINGS,
                    "Maven's settings.xml cannot be read: " + e.getMessage(),
                    "mvn help:effective-settings",
                    e);
        }
    }

    boolean offline() {
        return settings.isOffline();
    }

    /** {@code -Dmaven.repo.local}, else what the settings name, else Maven's default. */
    Path localRepository() {
        String property = System.getProperty("maven.repo.local", "");
        if (!property.isBlank()) {
            return Path.of(property);
        }
        return settings.getLocalRepository() == null
                ? Path.of(System.getProperty("user.home"), ".m2", "repository")
                : Path.of(settings.getLocalRepository());
    }

    /** Those of the active profiles, and Maven Central. */
    List<RemoteRepository> repositories() {
        List<RemoteRepository> repositories = new ArrayList<>();
        for (Profile profile : settings.getProfiles()) {
            if (isActive(profile)) {
                for (Repository repository : profile.getRepositories()) {
                    repositories.add(remote(repository));
                }
            }
        }
        if (repositories.stream().noneMatch(repository -> repository.getId().equals("central"))) {
            repositories.add(new RemoteRepository.Builder("central", "default", central())
                    .setSnapshotPolicy(new RepositoryPolicy(false, "", ""))
                    .build());
        }
        return repositories;
    }

    private static String central() {
        try (InputStream pom = ModelBuilder.class.getResourceAsStream(SUPER_POM)) {
            return new MavenXpp3Reader().read(pom).getRepositories().get(0).getUrl();
        } catch (IOException | XmlPullParserException e) {
            throw new IllegalStateException("Maven's own " + SUPER_POM + " cannot be read", e);
        }
    }

    private boolean isActive(Profile profile) {
        return settings.getActiveProfiles().contains(profile.getId())
                || (profile.getActivation() != null && profile.getActivation().isActiveByDefault());
    }

    private static RemoteRepository remote(Repository repository) {
        return new RemoteRepository.Builder(repository.getId(), "default", repository.getUrl())
                .setReleasePolicy(policy(repository.getReleases()))
                .setSnapshotPolicy(policy(repository.getSnapshots()))
                .build();
    }

    private static RepositoryPolicy policy(org.apache.maven.settings.@Nullable RepositoryPolicy policy) {
        return policy == null || policy.isEnabled() ? new RepositoryPolicy() : new RepositoryPolicy(false, "", "");
    }

    void configure(SessionBuilder session) {
        session.setMirrorSelector(mirrors()).setProxySelector(proxies()).setAuthenticationSelector(authentication());
    }

    private MirrorSelector mirrors() {
        DefaultMirrorSelector selector = new DefaultMirrorSelector();
        for (Mirror mirror : settings.getMirrors()) {
            selector.add(
                    mirror.getId(),
                    mirror.getUrl(),
                    mirror.getLayout(),
                    false,
                    mirror.isBlocked(),
                    mirror.getMirrorOf(),
                    mirror.getMirrorOfLayouts());
        }
        return selector;
    }

    private ProxySelector proxies() {
        DefaultProxySelector selector = new DefaultProxySelector();
        for (Proxy proxy : settings.getProxies()) {
            if (proxy.isActive()) {
                AuthenticationBuilder login = new AuthenticationBuilder()
                        .addUsername(proxy.getUsername())
                        .addPassword(proxy.getPassword());
                selector.add(
                        new org.eclipse.aether.repository.Proxy(
                                proxy.getProtocol(), proxy.getHost(), proxy.getPort(), login.build()),
                        proxy.getNonProxyHosts());
            }
        }
        return selector;
    }

    private AuthenticationSelector authentication() {
        DefaultAuthenticationSelector selector = new DefaultAuthenticationSelector();
        for (Server server : settings.getServers()) {
            selector.add(
                    server.getId(),
                    new AuthenticationBuilder()
                            .addUsername(server.getUsername())
                            .addPassword(server.getPassword())
                            .addPrivateKey(server.getPrivateKey(), server.getPassphrase())
                            .build());
        }
        return selector;
    }
}
