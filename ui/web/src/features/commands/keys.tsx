import { Modal } from "../../shared/ui/modal.tsx";

const groups: [string, [string, string][]][] = [
  [
    "Anywhere",
    [
      ["/", "Search tenants"],
      ["Ctrl K", "Command palette"],
      ["g t", "Go to tenants"],
      ["g l", "Go to the timeline"],
      ["g a", "Go to the audit trail"],
      ["g h", "Go to health"],
      ["R", "Refresh"],
      ["t", "Switch the theme"],
      ["?", "These keys"],
      ["Esc", "Close"],
    ],
  ],
  [
    "On a tenant's row",
    [
      ["j / k", "Next, previous row"],
      ["Enter", "Open"],
      ["x", "Select"],
      ["Shift x", "Select up to here"],
      ["p", "Pause or resume"],
      ["r", "Run now"],
      ["e", "Edit"],
      ["#", "Delete (asks first)"],
    ],
  ],
];

export function KeysDialog({ onClose }: { onClose: () => void }) {
  return (
    <Modal title="Keyboard" onClose={onClose} wide>
      <div className="key-groups">
        {groups.map(([title, keys]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl className="keys">
              {keys.map(([key, meaning]) => (
                <div key={key}>
                  <dt>
                    <kbd>{key}</kbd>
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p className="faint">Single letters can be turned off in the settings.</p>
    </Modal>
  );
}
